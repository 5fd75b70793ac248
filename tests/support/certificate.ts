import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { testCertificate } from '@sightline/respond/testing';

/** A certificate of 127.0.0.1 and its key, as PEM files in `folder`. */
export function certificateFiles(folder: string): { readonly cert: string; readonly key: string } {
  const files = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  writeFileSync(files.cert, testCertificate.cert);
  writeFileSync(files.key, testCertificate.key);
  return files;
}
