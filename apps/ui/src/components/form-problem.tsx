import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, useRef, type ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import './states.css';

/**
 * What the server said that belongs to no field shown. `known` names the fields that show their own fault: the first of them in the
 * form gets the focus. Stays mounted in its form, whether there is a problem or none.
 */
export function FormProblem({ problem, known }: { problem: ProblemError | null; known: readonly string[] }): ReactNode {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (problem !== null) focusFault(place.current);
  }, [problem]);
  return (
    <>
      <span ref={place} hidden />
      <Other problem={problem} known={known} />
    </>
  );
}

/** Leads to the first field at fault of the form around `place`; who does not see the form hears its fault. */
export function focusFault(place: Element | null): void {
  place?.closest('form')?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}

function Other({ problem, known }: { problem: ProblemError | null; known: readonly string[] }): ReactNode {
  if (problem === null || Object.keys(problem.fields).some((field) => known.includes(field))) return null;
  const others = Object.entries(problem.fields);
  return (
    <p className="form-problem" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span>
        <strong>{problem.title}.</strong>{' '}
        {others.length === 0
          ? problem.detail
          : others.map(([field, said]) => `${fieldText(field)}: ${said}`).join('; ')}
      </span>
    </p>
  );
}

/** The path of a field as people count: `steps.0.pattern` is `steps 1, pattern`. */
const fieldText = (path: string): string =>
  path.replaceAll(
    /\.(\d+)(\.?)/g,
    (_, index: string, more: string) => ` ${Number(index) + 1}${more === '' ? '' : ', '}`,
  );
