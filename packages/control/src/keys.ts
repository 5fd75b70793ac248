import { LruCache, ok } from '@sightline/base';
import { and, desc, eq, inArray, isNull, like, or } from 'drizzle-orm';
import type { ApiKey, FoundKey, Keys, NewKey, RecordLimits } from './control.ts';
import * as table from './database/schema.ts';
import { hashSecret, letters, newId, type Sealer } from './secrets.ts';
import { refused, type ServicesContext, type Transaction } from './services-context.ts';

const cachedForMs = 10_000;
const cachedKeys = 10_000;
const noteEveryMs = 30_000;
const longestSecret = 512;

/** Settings that hold limits: of the organisation, and behind a colon of a key. */
const limitsSetting = 'record-limits';
const limitsOf = (id: string): string => `${limitsSetting}:${id}`;

/** What a setting holds, as far as it is numbers. */
function readLimits(value: unknown): RecordLimits {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] > 0),
  );
}

type Row = typeof table.apiKeys.$inferSelect;

/** Writes a key whose secret is `secret`; nothing when that secret is a key already. */
export async function insertKey(
  tx: Pick<Transaction, 'insert'>,
  sealer: Sealer,
  key: NewKey & { organisation: string; secret: string; createdBy: string; now: Date },
): Promise<Row | undefined> {
  const id = newId('key');
  const permissions = [...new Set(key.permissions)];
  const ingestOnly = permissions.length === 1 && permissions[0] === 'ingest';
  const [row] = await tx
    .insert(table.apiKeys)
    .values({
      id,
      organisation: key.organisation,
      name: key.name,
      permissions,
      site: key.site ?? '',
      device: key.device ?? '',
      service: key.service ?? '',
      environment: key.environment ?? '',
      secretHash: hashSecret(key.secret),
      secretSealed: ingestOnly ? sealer.seal(key.secret, id) : null,
      hint: `${key.secret.startsWith('sl_') ? key.secret.slice(0, key.secret.indexOf('_', 3) + 1) : ''}…${key.secret.slice(-4)}`,
      createdAt: key.now,
      createdBy: key.createdBy,
    })
    .onConflictDoNothing()
    .returning();
  return row;
}

export interface KeysService extends Keys {
  /** Writes when keys were last used. */
  flush(): Promise<void>;
}

export function keys({ db, clock, sealer, logger }: ServicesContext): KeysService {
  const found = new LruCache<string, FoundKey>(cachedKeys, cachedForMs, clock);
  // Apart, so that a flood of wrong keys cannot push out the right ones.
  const missing = new LruCache<string, true>(cachedKeys, cachedForMs, clock);
  const lastUsed = new Map<string, number>();
  let notedAt = clock.now();

  const flush = async (): Promise<void> => {
    notedAt = clock.now();
    const pending = [...lastUsed];
    lastUsed.clear();
    for (const [id, at] of pending) {
      await db
        .update(table.apiKeys)
        .set({ lastUsedAt: new Date(at) })
        .where(eq(table.apiKeys.id, id));
    }
  };

  const toKey = (row: Row): ApiKey => ({
    id: row.id,
    name: row.name,
    permissions: row.permissions,
    site: row.site,
    device: row.device,
    service: row.service,
    environment: row.environment,
    secret: row.secretSealed ? (sealer.open(row.secretSealed, row.id) ?? null) : null,
    hint: row.hint,
    createdAt: row.createdAt.getTime(),
    createdBy: row.createdBy,
    lastUsedAt: lastUsed.get(row.id) ?? row.lastUsedAt?.getTime() ?? null,
  });

  const lookUp = async (hash: Buffer): Promise<FoundKey | undefined> => {
    const [row] = await db
      .select()
      .from(table.apiKeys)
      .where(and(eq(table.apiKeys.secretHash, hash), isNull(table.apiKeys.revokedAt)));
    if (!row) return undefined;
    const { organisation, site, device, service, environment } = row;
    const names = [limitsSetting, limitsOf(row.id)];
    const set = await db
      .select({ name: table.settings.name, value: table.settings.value })
      .from(table.settings)
      .where(and(eq(table.settings.organisation, organisation), inArray(table.settings.name, names)));
    const [whole, own] = names.map((name) => readLimits(set.find((one) => one.name === name)?.value));
    return {
      scope: { organisation, keyId: row.id, site, device, service, environment },
      name: row.name,
      permissions: row.permissions,
      limits: { organisation: whole ?? {}, key: own ?? {} },
    };
  };

  const create: Keys['create'] = async (organisation, key, createdBy) => {
    if (key.permissions.length === 0) return refused('invalid', 'A key needs at least one permission.');
    const kind = key.permissions.includes('operate')
      ? 'operate'
      : key.permissions.includes('query')
        ? 'query'
        : 'ingest';
    const secret = `sl_${kind}_${letters(40)}`;
    const now = new Date(clock.now());
    const row = await insertKey(db, sealer, { ...key, organisation, secret, createdBy, now });
    if (!row) throw new Error('two random keys were equal');
    missing.delete(hashSecret(secret).toString('base64'));
    return ok({ key: toKey(row), secret });
  };

  const live = (organisation: string): Promise<Row[]> =>
    db
      .select()
      .from(table.apiKeys)
      .where(and(eq(table.apiKeys.organisation, organisation), isNull(table.apiKeys.revokedAt)))
      .orderBy(desc(table.apiKeys.createdAt), desc(table.apiKeys.id))
      .limit(1000);

  return {
    flush,
    create,
    find: async (secret) => {
      if (secret.length === 0 || secret.length > longestSecret) return undefined;
      const hash = hashSecret(secret);
      const cacheKey = hash.toString('base64');
      if (missing.get(cacheKey)) return undefined;
      let key = found.get(cacheKey);
      if (!key) {
        key = await lookUp(hash);
        if (!key) {
          missing.set(cacheKey, true);
          return undefined;
        }
        // Set once per look-up, never renewed by use: another process's revocation takes effect within the cache's age.
        found.set(cacheKey, key);
      }
      lastUsed.set(key.scope.keyId, clock.now());
      // Beside the request: a database that is slow or away must not cost it.
      if (clock.now() - notedAt >= noteEveryMs)
        flush().catch((error: unknown) =>
          logger.warn('When keys were last used could not be written', { reason: (error as Error).name }),
        );
      return key;
    },
    list: async (organisation) => (await live(organisation)).map(toKey),
    revoke: async (organisation, id) => {
      const [row] = await db
        .update(table.apiKeys)
        .set({ revokedAt: new Date(clock.now()) })
        .where(
          and(eq(table.apiKeys.organisation, organisation), eq(table.apiKeys.id, id), isNull(table.apiKeys.revokedAt)),
        )
        .returning();
      if (!row) return refused('not-found', 'There is no key of this id.');
      found.delete(row.secretHash.toString('base64'));
      return ok(toKey(row));
    },
    ingestKey: async (organisation) => {
      const shown = (await live(organisation)).map(toKey);
      const fitting = shown.find((key) => key.secret !== null && key.site === '' && key.service === '');
      if (fitting) return fitting;
      const made = await create(organisation, { name: 'Send data', permissions: ['ingest'] }, 'Sightline');
      if (!made.ok) throw new Error(made.error.message);
      return made.value.key;
    },
    limits: async (organisation) => {
      const rows = await db
        .select({ name: table.settings.name, value: table.settings.value })
        .from(table.settings)
        .where(
          and(
            eq(table.settings.organisation, organisation),
            or(eq(table.settings.name, limitsSetting), like(table.settings.name, limitsOf('%'))),
          ),
        )
        .limit(5000);
      const entries = rows.map(({ name, value }) => [name.slice(limitsSetting.length + 1), readLimits(value)] as const);
      const { '': whole = {}, ...keys } = Object.fromEntries(entries);
      return { organisation: whole, keys: new Map(Object.entries(keys)) };
    },
    setLimits: async (organisation, id, limits) => {
      const [row] =
        id === null
          ? []
          : await db
              .select()
              .from(table.apiKeys)
              .where(
                and(
                  eq(table.apiKeys.organisation, organisation),
                  eq(table.apiKeys.id, id),
                  isNull(table.apiKeys.revokedAt),
                ),
              );
      if (id !== null && !row) return refused('not-found', 'There is no key of this id.');
      const setting = { organisation, name: id === null ? limitsSetting : limitsOf(id), value: readLimits(limits) };
      await db
        .insert(table.settings)
        .values(setting)
        .onConflictDoUpdate({
          target: [table.settings.organisation, table.settings.name],
          set: { value: setting.value },
        });
      if (row) found.delete(row.secretHash.toString('base64'));
      return ok(row?.name ?? '');
    },
    names: async (organisation) => {
      const rows = await db
        .select({ id: table.apiKeys.id, name: table.apiKeys.name })
        .from(table.apiKeys)
        .where(eq(table.apiKeys.organisation, organisation))
        .orderBy(desc(table.apiKeys.createdAt))
        .limit(5000);
      return new Map(rows.map((row) => [row.id, row.name]));
    },
  };
}
