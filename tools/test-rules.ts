/**
 * Runs unit tests of Prometheus rules, in the form of `promtool test rules`, on our own evaluation:
 *
 *   node tools/test-rules.ts <test file> …
 */
import { runRuleTests } from './rule-tests/run-rule-tests.ts';

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: node tools/test-rules.ts <test file> …\n');
  process.exit(2);
}
for (const file of files) {
  const run = await runRuleTests(file);
  const faults = run.ok ? run.value : [run.error];
  process.stdout.write(`${file}: ${faults.length === 0 ? 'SUCCESS' : `FAILED\n${faults.join('\n')}`}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
