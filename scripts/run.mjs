// `node scripts/run.mjs <file> [flags]`: any of our programs under the right Node, from a bare clone. A program's own folder
// may hold `node-flags.json` and `node-environment.json`, which are for Node and not for the program.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { become, prepare, root, stop } from './prepare.mjs';

const [file, ...args] = process.argv.slice(2);
if (!file) stop('Which program? For example: node scripts/run.mjs bench/src/main.ts --help');
const program = path.resolve(root, file);
const beside = (name, none) => {
  const found = path.join(path.dirname(program), '..', name);
  return existsSync(found) ? JSON.parse(readFileSync(found, 'utf8')) : none;
};
const flags = beside('node-flags.json', []);
become(await prepare({ ui: false }), [...flags, program, ...args], beside('node-environment.json', {}));
