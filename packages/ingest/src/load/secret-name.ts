const secretName =
  /passw(?:or)?d|pwd|passphrase|secret|authorization|cookie|api[_-]?key|(?:access|refresh|auth)[_-]?token|credential|private[_-]?key/i;

/** Whether a field of this name is likely to hold a secret; the scrubber's SQL (`functions.sql`) knows the same names. */
export function hasSecretName(name: string): boolean {
  return secretName.test(name);
}
