// `npm start`: fetches what is missing, then runs the server. Flags are described in apps/server/flags.json.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { become, prepare, root } from './prepare.mjs';

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  const flags = JSON.parse(readFileSync(path.join(root, 'apps/server/flags.json'), 'utf8'));
  const width = Math.max(...flags.map((f) => f.usage.length));
  console.log('Sightline: observability and remote operations for a fleet of sites.\n\n  npm start -- [flags]\n');
  for (const flag of flags)
    console.log(`  ${flag.usage.padEnd(width)}  ${flag.help}${flag.env ? ` (${flag.env})` : ''}`);
  process.exit(0);
}
const node = await prepare();
// The young generation: requests come as buffers outside the heap, and V8's own choice keeps 170 MB of it when idle.
const forNode = (name) => JSON.parse(readFileSync(path.join(root, 'apps/server', name), 'utf8'));
// The C library's heap: large buffers come and go, and what it would keep of them is given back to the system instead.
const environment = forNode('node-environment.json');
become(node, [...forNode('node-flags.json'), path.join(root, 'apps/server/src/main.ts'), ...args], environment);
