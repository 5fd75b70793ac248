import { useEffect, type FormEvent, type ReactNode } from 'react';
import { FormProblem } from '../../components/form-problem.tsx';
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
