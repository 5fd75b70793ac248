import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../components/empty-state.tsx';
import { QueryFault } from '../components/query-fault.tsx';
import type { ProblemError } from '../data/call.ts';
import './language-box.css';

/**
 * A field for a query language of several lines. Enter runs, Shift with Enter begins a line. What the server found wrong stands below,
 * with its place marked.
 */
export function LanguageBox(props: {
  label: string;
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
        <Textarea
          data-page-search
          className="grow"
          classNames={{ input: 'code' }}
          aria-label={props.label}
          placeholder={props.placeholder}
          value={text}
          autosize
          minRows={1}
          maxRows={10}
          maxLength={16_000}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          error={fault !== undefined && text === value}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            props.onRun(text.trim());
          }}
        />
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
