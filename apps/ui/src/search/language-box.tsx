import { Button } from '@mantine/core';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { EmptyState } from '../components/empty-state.tsx';
import { QueryFault } from '../components/query-fault.tsx';
import { Skeleton } from '../components/skeleton.tsx';
import type { ProblemError } from '../data/call.ts';
import type { CompletedLanguage } from '../editor/completed-language.ts';
import './language-box.css';

const CompletedEditor = lazy(async () => import('../editor/completed-editor.tsx'));

/**
 * A field for a query language of several lines, completed from what was received. Enter runs, Shift with Enter begins a line. What the
 * server found wrong is underlined, and stands below.
 */
export function LanguageBox(props: {
  label: string;
  language: CompletedLanguage;
  placeholder: string;
  /** The query that stands in the address. */
  value: string;
  busy: boolean;
  /** What the server said to that. */
  problem: ProblemError | null;
  onRun: (query: string) => void;
}): ReactNode {
  const { value, problem } = props;
  const [text, setText] = useState(value);
  const [shown, setShown] = useState(value);
  // An address that changed by itself (back, a link) is what is meant.
  if (shown !== value) {
    setShown(value);
    setText(value);
  }
  const fault = value.trim() !== '' && problem?.position !== undefined ? problem : undefined;
  return (
    <div className="language">
      <form
        className="language-line"
        onSubmit={(event) => {
          event.preventDefault();
          props.onRun(text.trim());
        }}
      >
        <div className="grow">
          <Suspense fallback={<Skeleton height={32} />}>
            <CompletedEditor
              label={props.label}
              placeholder={props.placeholder}
              language={props.language}
              value={text}
              isPageSearch
              onChange={setText}
              onSubmit={(query) => props.onRun(query.trim())}
              fault={
                fault?.position === undefined || text !== value
                  ? undefined
                  : { message: fault.detail, ...fault.position }
              }
            />
          </Suspense>
        </div>
        <Button type="submit" loading={props.busy}>
          Run
        </Button>
      </form>
      {fault !== undefined && <QueryFault message={fault.detail} query={value} position={fault.position} />}
    </div>
  );
}

/** What to ask first, each of them a press away. */
export function LanguageExamples(props: {
  title: string;
  text: ReactNode;
  examples: readonly string[];
  onRun: (query: string) => void;
}): ReactNode {
  return (
    <EmptyState
      compact
      title={props.title}
      text={props.text}
      action={
        <div className="language-examples">
          {props.examples.map((one) => (
            <button key={one} type="button" className="plain-button code" onClick={() => props.onRun(one)}>
              {one}
            </button>
          ))}
        </div>
      }
    />
  );
}
