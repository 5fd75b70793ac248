import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import './states.css';

/** What the server said that belongs to no field shown. `known` names the fields that show their own fault. */
export function FormProblem({ problem, known }: { problem: ProblemError | null; known: readonly string[] }): ReactNode {
  if (problem === null || Object.keys(problem.fields).some((field) => known.includes(field))) return null;
  const others = Object.entries(problem.fields);
  return (
    <p className="form-problem" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span>
        <strong>{problem.title}.</strong>{' '}
        {others.length === 0 ? problem.detail : others.map(([f, s]) => `${f}: ${s}`).join('; ')}
      </span>
    </p>
  );
}
