import { hash, verify } from '@node-rs/argon2';

/** Argon2id is the library's default. OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane; about 20 ms. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

let nobodysHash: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/** Takes as long when there is no such person (`storedHash` undefined) as for a wrong password. */
export async function passwordMatches(storedHash: string | undefined, password: string): Promise<boolean> {
  nobodysHash ??= hash('nobody has this password', cost);
  const matches = await verify(storedHash ?? (await nobodysHash), password);
  return storedHash !== undefined && matches;
}
