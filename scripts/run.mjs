// `node scripts/run.mjs <file> [flags]`: any of our programs under the right Node, from a bare clone.
import path from 'node:path';
import { become, prepare, root, stop } from './prepare.mjs';

const [file, ...args] = process.argv.slice(2);
if (!file) stop('Which program? For example: node scripts/run.mjs bench/src/main.ts --help');
become(await prepare({ ui: false }), [path.resolve(root, file), ...args]);
