import { notifications } from '@mantine/notifications';
import type { ProblemError } from '../data/call.ts';

/** Says beside the page why something that was wanted was not done. */
export function tellProblem({ title, detail }: ProblemError): void {
  notifications.show({ color: 'red', message: `${title}. ${detail}`, autoClose: 10_000 });
}
