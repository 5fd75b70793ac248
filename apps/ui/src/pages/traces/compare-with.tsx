import { readTraceId } from '../../records/trace-id.ts';
import { latencyExamples, type Span } from '@sightline/contract';
import { Button, Popover, TextInput } from '@mantine/core';
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { call, ProblemError } from '../../data/call.ts';
import { useGo } from '../../shell/go.tsx';
import { likeRoot, typicalExample } from './typical.ts';

/** Compares this trace (on the right) with another one: by its id, or with a typical one of the same root operation. */
export function CompareWith({ id, root }: { id: string; root: Span | undefined }): ReactNode {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState('');
  const [looking, setLooking] = useState(false);
  const asked = useRef<AbortController>(undefined);
  const go = useGo();
  const show = (next: boolean) => {
    if (!next) asked.current?.abort();
    setProblem('');
    setOpen(next);
  };
  const compareWith = (left: string) => go('/traces/compare', { left, right: id });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const left = readTraceId(typed);
    if (left === undefined) setProblem('A trace id has 32 hexadecimal digits.');
    else if (left === id) setProblem('That is this trace.');
    else compareWith(left);
  };
  const findTypical = async (like: Span) => {
    asked.current?.abort();
    const asking = new AbortController();
    asked.current = asking;
    setLooking(true);
    setProblem('');
    try {
      const { spans } = await call(latencyExamples, { query: likeRoot(like) }, asking.signal);
      if (asking.signal.aborted) return;
      const typical = typicalExample(spans, id);
      if (typical === undefined) setProblem(`No other trace of ${like.name} within an hour of this one.`);
      else compareWith(typical.traceId);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof ProblemError)) throw error;
      setProblem(error.detail);
    } finally {
      if (asked.current === asking) setLooking(false);
    }
  };
  return (
    <Popover opened={open} onChange={show} position="bottom-end" width={320} trapFocus>
      <Popover.Target>
        <Button variant="default" onClick={() => show(!open)}>
          Compare
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={12}>
        <form className="compare-with" onSubmit={submit}>
          <TextInput
            label="With the trace"
            placeholder="Trace id"
            value={typed}
            error={problem === '' ? undefined : problem}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setProblem('');
            }}
          />
          <div className="ways-on">
            <Button type="submit">Compare</Button>
            {root !== undefined && (
              <Button
                variant="default"
                loading={looking}
                title={`The middle one by duration of ${root.service} ${root.name}, an hour before and after`}
                onClick={() => void findTypical(root)}
              >
                With a typical one
              </Button>
            )}
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
