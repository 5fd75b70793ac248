import { markedAsCut, type ErrorEvent } from '@sightline/contract';
import { Button, SegmentedControl } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { useAddress } from '../../data/address.ts';
import './errors.css';
import { MapNotice } from './map-notice.tsx';
import { unmappedFrames } from './map-words.ts';
import {
  foldFrames,
  functionText,
  minifiedException,
  openFrames,
  stackText,
  type Frame,
  type FrameRun,
} from './fold-frames.ts';

/** The exception that was thrown and its causes, each with its stack: the innermost own frames open with code, others folded. */
export function StackTrace({
  exceptions,
  later = false,
  of = 'Exception',
  build = { release: '', dist: '' },
}: {
  exceptions: ErrorEvent['exceptions'];
  /** Its source maps came after the event. */
  later?: boolean;
  /** Whose stack it is. */
  of?: 'Exception' | 'Thread';
  /** What its source maps are uploaded for. */
  build?: { readonly release: string; readonly dist: string };
}): ReactNode {
  const { search, setSearch } = useAddress();
  const [all, setAll] = useState(false);
  if (exceptions.length === 0) return <p className="muted">The event carries no stack.</p>;
  const mapped = exceptions.some(({ frames }) => frames.some(({ minified }) => minified !== undefined));
  const asSent = mapped && search['stack'] === 'minified';
  const shown = asSent ? exceptions.map(minifiedException) : exceptions;
  const reasons = unmappedFrames(shown)?.reasons ?? [];
  // One reason for all of them stands above the stack, not at each frame.
  const told = reasons.length === 1 ? (reasons[0] ?? '') : '';
  return (
    <div className="stack-trace">
      <div className="stack-acts">
        <Button variant="subtle" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? 'Own frames' : 'All frames'}
        </Button>
        {mapped && (
          <SegmentedControl
            aria-label="Which code the stack shows"
            size="xs"
            value={asSent ? 'minified' : 'original'}
            onChange={(stack) => setSearch({ stack: stack === 'minified' ? stack : '' })}
            data={[
              { value: 'original', label: 'Original' },
              { value: 'minified', label: 'Minified' },
            ]}
          />
        )}
        <Button
          variant="subtle"
          leftSection={<IconCopy size={14} />}
          onClick={() => void copyText(stackText(shown), 'Stack')}
        >
          Copy stack
        </Button>
      </div>
      {later && !asSent && (
        <p className="muted">Read with source maps that came after this event; it is grouped by what was known then.</p>
      )}
      <MapNotice exceptions={shown} {...build} />
      {shown.map((exception, index) => (
        <section key={index} aria-label={index === 0 ? of : 'Cause'}>
          <h3 className="stack-title">
            {index > 0 && <span className="muted">Caused by </span>}
            <b>{exception.type}</b> {exception.value}
          </h3>
          {caughtBy(exception) !== '' && <p className="muted">{caughtBy(exception)}</p>}
          {foldFrames(exception.frames).map((run) => (
            <Run
              key={`${run.start}-${all}`}
              run={run}
              open={all ? undefined : openFrames(exception.frames, index === 0)}
              told={told}
            />
          ))}
          {exception.registers !== undefined && <Values title="Registers" values={exception.registers} />}
        </section>
      ))}
    </div>
  );
}

/** How it came to the SDK; '' where there is nothing to say (`generic` is what SDKs call a plain `captureException`). */
function caughtBy({ mechanism, handled }: ErrorEvent['exceptions'][number]): string {
  const by = mechanism === '' || mechanism === 'generic' ? '' : `caught by ${mechanism}`;
  return [by, handled === false ? 'not handled' : ''].filter((part) => part !== '').join(', ');
}

function Run({
  run,
  open,
  told,
}: {
  run: FrameRun;
  /** Places of the frames that stand open; undefined for all of them. */
  open: ReadonlySet<number> | undefined;
  told: string;
}): ReactNode {
  const [unfolded, setUnfolded] = useState(open === undefined);
  if (!run.own && !unfolded) {
    return (
      <button type="button" className="frame-fold" onClick={() => setUnfolded(true)}>
        ▸ {run.frames.length === 1 ? '1 frame' : `${run.frames.length} frames`} of libraries
      </button>
    );
  }
  return run.frames.map((frame, index) => (
    <FrameView key={index} frame={frame} startsOpen={open === undefined || open.has(run.start + index)} told={told} />
  ));
}

function FrameView({
  frame,
  startsOpen,
  told,
}: {
  frame: Frame;
  startsOpen: boolean;
  /** Why frames were not resolved, as it stands above the stack already. */
  told: string;
}): ReactNode {
  const hasCode = frame.contextLine !== '';
  const place = [frame.line, frame.column].filter((part) => part !== null).join(':');
  const head = (
    <>
      <span className="frame-file">{frame.file || frame.module || 'unknown file'}</span>
      {place !== '' && <span className="muted">:{place}</span>} <span className="muted">in</span> {functionText(frame)}
      {!frame.inApp && <span className="chip"> library</span>}
    </>
  );
  const { locals } = frame;
  const reason = frame.unresolved ?? '';
  const said = frame.minified === undefined ? `Not resolved: ${reason}.` : `Beware: ${reason}.`;
  const why =
    reason === '' || (frame.minified === undefined && reason === told) ? null : <p className="frame-why">{said}</p>;
  if (!hasCode && locals === undefined)
    return (
      <div className="stack-frame">
        <div className="frame-head">{head}</div>
        {why}
      </div>
    );
  const firstLine = (frame.line ?? frame.preContext.length + 1) - frame.preContext.length;
  const lines = [...frame.preContext, frame.contextLine, ...frame.postContext];
  return (
    <details className="stack-frame" open={startsOpen}>
      <summary className="frame-head">{head}</summary>
      {why}
      {hasCode && (
        <pre className="frame-code" tabIndex={0}>
          {lines.map((line, index) => (
            <span key={index} className="code-line" data-hit={index === frame.preContext.length ? '' : undefined}>
              <span className="code-number">{firstLine + index}</span>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
      {locals !== undefined && <Values title="Local variables" values={locals} />}
    </details>
  );
}

/** Variables of a frame, registers of a processor: name and value. */
function Values({ title, values }: { title: string; values: Readonly<Record<string, string>> }): ReactNode {
  return (
    <dl className="frame-values" aria-label={title}>
      {Object.entries(values).map(([name, value]) => (
        <div key={name}>
          <dt className="code">{name}</dt>
          <dd className="code">
            <Value name={name} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Longer ones, in characters, are folded. */
const foldedFrom = 300;

function Value({ name, value }: { name: string; value: string }): ReactNode {
  const [open, setOpen] = useState(false);
  const [, cut, whole] = markedAsCut.exec(value) ?? [];
  const kept = cut ?? value;
  const folded = !open && kept.length > foldedFrom;
  return (
    <>
      {folded ? `${kept.slice(0, foldedFrom)}…` : kept}
      {kept.length > foldedFrom && (
        <>
          {' '}
          <button
            type="button"
            className="link"
            aria-expanded={open}
            aria-label={open ? `Less of ${name}` : `All of ${name}`}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Less' : `All ${kept.length.toLocaleString()} characters`}
          </button>
        </>
      )}
      {whole !== undefined && (
        <span className="muted value-cut">
          Cut: the first {kept.length.toLocaleString()} of {Number(whole).toLocaleString()} characters are kept.
        </span>
      )}
    </>
  );
}
