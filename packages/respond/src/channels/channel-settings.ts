import { fail, ok, type Result } from '@sightline/base';
import { z } from 'zod';
import type { ChannelType, FieldMeta } from './channel.ts';
import { allChannels } from './all.ts';

/** Stands where a secret is kept: settings that come back with it leave the secret as it is. */
export const keptSecret = '••••••••';

/** How a form draws one setting. */
export interface SettingField extends FieldMeta {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'choice' | 'switch' | 'list' | 'record';
  readonly required: boolean;
  readonly secret: boolean;
  /** Of a choice. */
  readonly choices: readonly string[];
  /** What it is unless chosen; undefined without. */
  readonly default: unknown;
}

type Settings = Readonly<Record<string, unknown>>;
/** Faults by field, as sentences. */
export type SettingFaults = Readonly<Record<string, string>>;

export function findChannelType(name: string): ChannelType | undefined {
  return allChannels.find((type) => type.name === name);
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly secret?: boolean;
  readonly title?: string;
  readonly description?: string;
  readonly placeholder?: string;
}

/** The fields of a type's form, in the order of its schema. */
export function describeSettings(type: ChannelType): SettingField[] {
  const schema = z.toJSONSchema(type.settings, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, field]) => ({
    name,
    kind: kindOf(field),
    required: schema.required?.includes(name) ?? false,
    secret: field.secret === true,
    choices: field.enum ?? [],
    default: field.default,
    title: field.title ?? name,
    ...(field.description === undefined ? {} : { description: field.description }),
    ...(field.placeholder === undefined ? {} : { placeholder: field.placeholder }),
  }));
}

function kindOf({ type, enum: choices }: JsonSchema): SettingField['kind'] {
  if (choices) return 'choice';
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'switch';
    case 'array':
      return 'list';
    case 'object':
      return 'record';
    default:
      return 'text';
  }
}

/**
 * Checks what a person entered. Where a secret still carries the mark `keptSecret`, the one `before` is kept, as long as it
 * goes where it went: whoever may change an address must not thereby learn a secret. A mark with nothing behind it is a fault.
 */
export function readSettings(type: ChannelType, entered: unknown, before?: unknown): Result<Settings, SettingFaults> {
  if (before !== undefined && holdsMark(type, entered) && placeOf(type, entered) !== placeOf(type, before)) {
    return fail({ [type.address[0] ?? 'settings']: 'leads elsewhere now: enter the secrets again' });
  }
  const merged = keepSecrets(type, entered, before);
  if (holdsMark(type, merged)) return fail({ settings: 'A secret was left as it was where there is none yet.' });
  const parsed = type.settings.safeParse(merged);
  if (parsed.success) return ok(parsed.data);
  const faults: Record<string, string> = {};
  for (const issue of parsed.error.issues.slice(0, 20)) {
    const [field = 'settings', ...inner] = issue.path.map(String);
    const reason = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    // The name of a header helps; its value, or any other, stays out: it may be a secret.
    faults[field] ??= inner.length > 0 ? `${inner.join('.')} ${reason}` : reason;
  }
  return fail(faults);
}

/** The settings as they may be shown: secrets that are set are replaced by the mark. */
export function redactSettings(type: ChannelType, settings: unknown): Settings {
  const shown: Record<string, unknown> = { ...asObject(settings) };
  for (const { name } of describeSettings(type).filter(({ secret }) => secret)) {
    const value = shown[name];
    if (typeof value === 'string') shown[name] = value === '' ? '' : keptSecret;
    else shown[name] = Object.fromEntries(Object.keys(asObject(value)).map((key) => [key, keptSecret]));
  }
  return shown;
}

/** Where messages go by these settings: of web addresses, the server alone. */
function placeOf(type: ChannelType, settings: unknown): string {
  // What was left out is what it is by default.
  const shape = type.settings.shape as Readonly<Record<string, z.ZodType>>;
  return JSON.stringify(
    type.address.map((name) => {
      const value = shape[name]?.safeParse(asObject(settings)[name]).data ?? asObject(settings)[name];
      return typeof value === 'string' && URL.canParse(value) ? new URL(value).origin : String(value);
    }),
  );
}

function keepSecrets(type: ChannelType, entered: unknown, before: unknown): unknown {
  if (typeof entered !== 'object' || entered === null || Array.isArray(entered)) return entered;
  const merged: Record<string, unknown> = { ...entered };
  const kept = asObject(before);
  for (const { name } of describeSettings(type).filter(({ secret }) => secret)) {
    const value = merged[name];
    if (value === keptSecret && typeof kept[name] === 'string') merged[name] = kept[name];
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const old = asObject(kept[name]);
      merged[name] = Object.fromEntries(
        Object.entries(value).map(([key, one]) => [
          key,
          one === keptSecret && Object.hasOwn(old, key) ? old[key] : one,
        ]),
      );
    }
  }
  return merged;
}

function holdsMark(type: ChannelType, settings: unknown): boolean {
  return describeSettings(type).some(({ name, secret }) => {
    const value = asObject(settings)[name];
    return secret && (value === keptSecret || Object.values(asObject(value)).includes(keptSecret));
  });
}

/** The secrets in settings, longest first; of a secret address, also its path, which servers like to repeat. */
export function secretsOf(type: ChannelType, settings: unknown): string[] {
  const values = describeSettings(type)
    .filter(({ secret }) => secret)
    .flatMap(({ name }) => {
      const value = asObject(settings)[name];
      return typeof value === 'string' ? [value] : Object.values(asObject(value)).map(String);
    });
  const parts = values.flatMap((value) => {
    if (URL.canParse(value)) {
      const { pathname, search } = new URL(value);
      return [value, `${pathname}${search}`, pathname];
    }
    // "Bearer word": the word alone is as good.
    return [value, ...value.split(' ')];
  });
  return [...new Set(parts)].filter((part) => part.length >= 6).sort((a, b) => b.length - a.length);
}

function asObject(value: unknown): Settings {
  return typeof value === 'object' && value !== null ? (value as Settings) : {};
}
