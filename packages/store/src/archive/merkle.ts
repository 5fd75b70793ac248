import { createHash } from 'node:crypto';

/** Root of the Merkle tree (RFC 9162, 2.1.1) over `entries` in their order; of none it is the hash of nothing. */
export function merkleRoot(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return createHash('sha256').digest();
  // What is left of each level goes up as it is: the same tree as the recursive form, whose left half is the largest power of two.
  let level = entries.map((entry) => hashOf(0, entry));
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      above.push(right ? hashOf(1, left, right) : left);
    }
    level = above;
  }
  return level[0]!;
}

/** Leaves and nodes are told apart by their first byte, so that no node passes for a leaf. */
function hashOf(kind: 0 | 1, ...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Uint8Array.of(kind));
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}
