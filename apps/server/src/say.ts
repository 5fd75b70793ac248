// Who reads may stop reading (`… | head`): the rest of what is said is nobody's, the work and its exit code go on.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

/** A line on standard output, of a command that ends. */
export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Ends a command that could not begin: exit code 2. */
export function stopWith(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}
