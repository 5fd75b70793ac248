import { usageOf } from './process-tree.ts';
import { startServer } from './server-under-test.ts';

/** Time to ready of a first and of a second start on the same folder, and what everything takes when nothing happens. */
export async function benchStart(): Promise<Record<string, number>[]> {
  const first = await startServer();
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const idle = usageOf(first.pid);
  await first.stop(true);
  const second = await startServer(first.dataFolder);
  const secondMs = second.readyMs;
  await second.stop();
  return [
    {
      'first start ms': Math.round(first.readyMs),
      'second start ms': Math.round(secondMs),
      'idle MB (proportional)': Math.round(idle.pssBytes / 1e6),
      processes: idle.processes,
    },
  ];
}
