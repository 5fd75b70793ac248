import { StoreError } from '@sightline/store/port';
import { refuse, type ProblemReply } from './route.ts';

/** A search text that could not be read, as a refusal that names the place. */
export function searchFault(fault: { message: string; position: { from: number; to: number } }): ProblemReply {
  return refuse(400, 'The search cannot be read', `At character ${fault.position.from + 1}: ${fault.message}.`, {
    position: { from: fault.position.from, to: fault.position.to },
  });
}

/** RE2 refused an expression that our own check let pass. */
const badRegexCode = 427;

/** Runs a read; what the store may refuse for good reason becomes a refusal with advice, our bugs stay exceptions. */
export async function reading<T>(read: () => Promise<T>): Promise<T | ProblemReply> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreError) {
      const refusal = storeFault(error);
      if (refusal) return refusal;
    }
    throw error;
  }
}

/** What a caller can do about a store that did not answer; undefined when it is our bug. */
export function storeFault(error: StoreError): ProblemReply | undefined {
  const later = { headers: { 'retry-after': '2' } };
  switch (error.kind) {
    case 'timeout':
      return refuse(
        503,
        'The search took too long',
        'Narrow the time range, or name a site or service, and try again.',
        later,
      );
    case 'memory':
      return refuse(422, 'The search needs too much memory', 'Narrow the time range, or name a site or service.');
    case 'too-many-rows':
      return refuse(422, 'The answer is too large', 'Narrow the time range or ask for fewer records.');
    case 'cancelled':
      return refuse(499, 'The call was given up', 'The client went away before the answer was ready.');
    case 'unavailable':
      return refuse(503, 'The store is not ready', 'It is starting or busy. Try again in a few seconds.', later);
    case 'bad-data':
      return error.code === badRegexCode
        ? refuse(400, 'The search cannot be read', 'A regular expression in it is too large or not valid (RE2 syntax).')
        : undefined;
    case 'bug':
      return undefined;
  }
}
