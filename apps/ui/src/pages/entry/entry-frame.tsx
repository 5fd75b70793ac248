import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, type FormEvent, type ReactNode } from 'react';
import type { ProblemError } from '../../data/call.ts';
import './entry.css';

/** The calm frame of the pages before the shell: mark, title, one sentence, one form. */
export function EntryFrame(props: {
  title: string;
  text: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
}): ReactNode {
  useEffect(() => {
    document.title = `${props.title} · Sightline`;
  }, [props.title]);
  return (
    <main className="entry">
      <div className="entry-box">
        <p className="entry-mark">
          <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden>
            <path d="M3 19h7l3-9 5 14 3-8h8" />
          </svg>
          Sightline
        </p>
        <h1>{props.title}</h1>
        <p className="muted">{props.text}</p>
        {props.children}
      </div>
      {props.foot !== undefined && <p className="entry-foot">{props.foot}</p>}
    </main>
  );
}

/** A form that shows what the server said: beside its field where it names one, else above the button. */
export function EntryForm(props: {
  problem: ProblemError | null;
  known: readonly string[];
  onSend: () => void;
  children: ReactNode;
}): ReactNode {
  function send(event: FormEvent): void {
    event.preventDefault();
    props.onSend();
  }
  return (
    <form className="entry-form" onSubmit={send} noValidate>
      {props.children}
      <FormProblem problem={props.problem} known={props.known} />
    </form>
  );
}

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
