const secretName =
  /passw(?:or)?d|pwd|passphrase|secret|authorization|cookie|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_-]?token|credential|private[_-]?key|cv[vc]|(?:\b|_|card|user)pin\b|pin[_-]?block|track[_-]?(?:[12]|data)|security[_-]?code|^token$/i;

/** Whether a field of this name is likely to hold a secret; the scrubber's SQL (`functions.sql`) knows the same names. */
export function hasSecretName(name: string): boolean {
  return secretName.test(name);
}
