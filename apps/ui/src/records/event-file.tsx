import { attachmentTextAtMost, getAttachmentText } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatBytes } from '../charts/number-format.ts';
import { SkeletonRows } from '../components/skeleton.tsx';
import { useAsk } from '../data/ask.ts';
import './records.css';
import { isViewHierarchy, readViewHierarchy, type ViewNode } from './view-hierarchy.ts';

interface EventFileProps {
  readonly eventId: string;
  readonly file: { readonly name: string; readonly contentType: string; readonly sizeBytes?: number };
}

/** A file that came with an event: a picture as one, text to open here, anything else as a link to save it. */
export function EventFile({ eventId, file }: EventFileProps): ReactNode {
  const address = `/api/v1/events/${eventId}/attachments/${encodeURIComponent(file.name)}`;
  const picture = /^image\/(?:png|jpeg|gif|webp)$/.test(file.contentType);
  return (
    <div className="event-file">
      {picture && (
        <a href={`${address}?show=1`} target="_blank" rel="noreferrer">
          <img src={`${address}?show=1`} alt={file.name} loading="lazy" />
        </a>
      )}
      <p>
        <a href={address} download>
          {file.name}
        </a>
        {file.sizeBytes !== undefined && (
          <span className="muted">
            {' '}
            {file.contentType}, {formatBytes(file.sizeBytes)}
          </span>
        )}
      </p>
      {isText(file.name, file.contentType) && <TextPreview eventId={eventId} file={file} />}
    </div>
  );
}

function isText(name: string, contentType: string): boolean {
  return (
    /^text\/|[/+](?:json|xml|yaml|x-ndjson)\b/i.test(contentType) ||
    /\.(?:txt|log|json|csv|xml|ya?ml|ini|md)$/i.test(name)
  );
}

/** The beginning of a text, read when somebody opens it. */
function TextPreview({ eventId, file }: EventFileProps): ReactNode {
  const [open, setOpen] = useState(false);
  const asked = useAsk(
    getAttachmentText,
    { params: { event: eventId, name: file.name } },
    { when: open, keepOld: false },
  );
  const views = asked.data !== undefined && isViewHierarchy(file.name) ? readViewHierarchy(asked.data.text) : undefined;
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{isViewHierarchy(file.name) ? 'View hierarchy' : 'Show the text'}</summary>
      {open && asked.isPending && <SkeletonRows rows={4} />}
      {asked.error !== null && <p role="alert">{asked.error.detail}</p>}
      {views !== undefined && (
        <div className="view-tree">
          <p className="muted">
            {views.system} {views.truncated && 'The tree is cut: it has more views than are drawn.'}
          </p>
          <ul>
            {views.windows.map((node, index) => (
              <View key={index} node={node} depth={0} />
            ))}
          </ul>
        </div>
      )}
      {asked.data !== undefined && views === undefined && (
        <>
          {asked.data.truncated && (
            <p className="muted">The first {formatBytes(attachmentTextAtMost)}; save the file to read the rest.</p>
          )}
          <pre className="frame-code file-text" tabIndex={0}>
            {pretty(asked.data.text, asked.data.truncated)}
          </pre>
        </>
      )}
    </details>
  );
}

function pretty(text: string, truncated: boolean): string {
  if (truncated || !/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // It only looks like JSON: it is shown as it came.
    return text;
  }
}

/** One view with what it holds; the first levels stand open. */
function View({ node, depth }: { node: ViewNode; depth: number }): ReactNode {
  const name = (
    <>
      <b>{node.type}</b> {node.identifier !== '' && <span className="code">{node.identifier}</span>}{' '}
      <span className="muted">
        {node.place}
        {node.hidden && ' hidden'}
      </span>
    </>
  );
  if (node.children.length === 0) return <li>{name}</li>;
  return (
    <li>
      <details open={depth < 3}>
        <summary>{name}</summary>
        <ul>
          {node.children.map((child, index) => (
            <View key={index} node={child} depth={depth + 1} />
          ))}
        </ul>
      </details>
    </li>
  );
}
