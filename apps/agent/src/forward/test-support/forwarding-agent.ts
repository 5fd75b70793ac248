/** An agent's spool and nothing else, as a program that a test can kill: `node forwarding-agent.ts <folder> <server> <port>`; prints "ready". */
import { jsonLogger, systemClock } from '@sightline/base';
import { startForwarder } from '../start-forwarder.ts';

const [folder = '', server = '', port = '0'] = process.argv.slice(2);
const forwarder = await startForwarder({
  server,
  token: () => 'good-token',
  dataFolder: folder,
  receive: { port: Number(port) },
  clock: systemClock,
  logger: jsonLogger(systemClock, (line) => process.stderr.write(`${line}\n`), 'warn'),
});
if (forwarder.receiveFault) throw new Error(forwarder.receiveFault);
console.log('ready');
process.once('SIGTERM', () => void forwarder.close().then(() => process.exit(0)));
