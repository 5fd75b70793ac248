import { readJson } from '@sightline/base';
import { hasSecretName } from '../secret-name.ts';

/**
 * A JSON text as the engine scrubs it field by field: `pieces[0] + leaf[0] + pieces[1] + … + pieces[n]` is the text, where a leaf
 * is a text (`quoted`) or a number that a rule may find something in.
 */
export interface JsonLeaves {
  readonly pieces: readonly string[];
  /** Path of each leaf, parts joined by `.`, without places in lists. */
  readonly fields: readonly string[];
  readonly quoted: readonly boolean[];
  readonly texts: readonly string[];
}

/** What lies deeper is one text. */
const depthAtMost = 60;
/** Parts of an error event whose entries go by their own names: `tags.user.id` is the field `user.id`. */
const plainParts = /^(?:tags|extra|contexts)\./;

const lastPart = (field: string): string => field.slice(field.lastIndexOf('.') + 1);

/** Labels of an error's group of fields about its user, and the fields that they show. */
const userLabels: Readonly<Record<string, string>> = {
  Id: 'user.id',
  Name: 'user.username',
  'E-mail': 'user.email',
  Address: 'user.ip_address',
};

/** The field of a value within an object: its path, but the fields of an error's groups (`ErrorPayload`) go by their labels. */
function childField(field: string, name: string, parent: object): string {
  if (field === 'groups' && name === 'fields' && 'name' in parent && typeof parent.name === 'string')
    return `${parent.name}.fields`;
  if (field.endsWith('.fields') && name === 'value' && 'label' in parent && typeof parent.label === 'string') {
    const group = field.slice(0, -'.fields'.length);
    return (group === 'user' && userLabels[parent.label]) || `${group}.${parent.label}`;
  }
  return field === '' ? name : `${field}.${name}`;
}

/** The JSON text of pieces and leaves after they were scrubbed, as `own_scrub_json` makes it. */
export function jsonOf(
  { fields, quoted, texts: raw }: JsonLeaves,
  pieces: readonly string[],
  texts: readonly string[],
): string {
  return pieces
    .map((piece, i) => {
      const text = texts[i];
      if (text === undefined || i >= raw.length) return piece;
      const secret = text !== '' && unnamedSecret.test(fields[i] ?? '');
      return piece + (quoted[i] || text !== raw[i] ? JSON.stringify(secret ? '<secret>' : text) : text);
    })
    .join('');
}

/** Names of secrets that stand in a JSON text and not among attributes. */
const unnamedSecret = /(?:pwd|passphrase|refresh[_-]?token)$/i;

/** Takes a JSON text apart. Text that is no JSON is one leaf. */
export function jsonLeaves(json: string): JsonLeaves {
  let value: unknown;
  try {
    value = readJson(json);
  } catch {
    value = { unreadable: json };
  }
  const leaves = { pieces: [] as string[], fields: [] as string[], quoted: [] as boolean[], texts: [] as string[] };
  let piece = '';
  const leaf = (field: string, text: string, quoted: boolean): void => {
    leaves.pieces.push(piece);
    leaves.fields.push(field.replace(plainParts, ''));
    // No mark of the glue that texts are scrubbed in.
    leaves.texts.push(text.toWellFormed().replaceAll('\0', ' '));
    leaves.quoted.push(quoted);
    piece = '';
  };
  const walk = (item: unknown, field: string, depth: number): void => {
    if (typeof item === 'string') leaf(field, item, true);
    else if (typeof item === 'number' || (typeof item === 'boolean' && hasSecretName(lastPart(field))))
      leaf(field, String(item), hasSecretName(lastPart(field)));
    else if (typeof item !== 'object' || item === null) piece += String(item);
    else if (depth >= depthAtMost) leaf(field, JSON.stringify(item), true);
    else if (Array.isArray(item)) {
      item.forEach((one, i) => {
        piece += i === 0 ? '[' : ',';
        walk(one, field, depth + 1);
      });
      piece += item.length === 0 ? '[]' : ']';
    } else {
      let first = true;
      for (const [name, one] of Object.entries(item)) {
        piece += `${first ? '{' : ','}${JSON.stringify(name.toWellFormed())}:`;
        first = false;
        walk(one, childField(field, name, item), depth + 1);
      }
      piece += first ? '{}' : '}';
    }
  };
  walk(value, '', 0);
  leaves.pieces.push(piece);
  return leaves;
}
