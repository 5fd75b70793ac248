const offset = 14_695_981_039_346_656_037n;
const prime = 1_099_511_628_211n;
const mask = (1n << 64n) - 1n;
const separator = 255n;

/**
 * The fingerprint by which Prometheus and Alertmanager know an alert: FNV-1a of 64 bits over the labels sorted by name
 * (`labelSetToFingerprint` in prometheus/common/model/signature.go), sixteen hexadecimal digits.
 */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  let sum = offset;
  const add = (byte: bigint): void => void (sum = ((sum ^ byte) * prime) & mask);
  const addText = (text: string): void => {
    for (const byte of Buffer.from(text, 'utf8')) add(BigInt(byte));
    add(separator);
  };
  // By bytes, as Go sorts.
  const names = Object.keys(labels).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    addText(name);
    addText(labels[name] ?? '');
  }
  return sum.toString(16).padStart(16, '0');
}
