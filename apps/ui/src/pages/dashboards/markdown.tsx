import type { ReactNode } from 'react';

type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly string[] }
  | { readonly kind: 'paragraph'; readonly text: string };

/** The part of Markdown that notes need: headings, lists, emphasis, code, links to the web. HTML stays text. */
export function Markdown({ text }: { text: string }): ReactNode {
  return blocksOf(text).map((block, index) => {
    const key = `${index} ${block.kind}`;
    if (block.kind === 'heading') return <h3 key={key}>{inline(block.text)}</h3>;
    if (block.kind === 'code') return <pre key={key}>{block.text}</pre>;
    if (block.kind === 'paragraph') return <p key={key}>{inline(block.text)}</p>;
    const items = block.items.map((item, at) => <li key={`${at} ${item}`}>{inline(item)}</li>);
    return block.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
  });
}

/** Exported for its test. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  let code: string[] | undefined;
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', text: paragraph.join(' ') });
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      if (code === undefined) flush();
      else blocks.push({ kind: 'code', text: code.join('\n') });
      code = code === undefined ? [] : undefined;
      continue;
    }
    if (code !== undefined) {
      code.push(line);
      continue;
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
    const item = /^\s*(?:([-*+])|\d{1,9}[.)])\s+(.*)$/.exec(line);
    if (heading === undefined && item === null && line.trim() !== '') {
      paragraph.push(line.trim());
      continue;
    }
    flush();
    if (heading !== undefined) blocks.push({ kind: 'heading', text: heading });
    if (item === null) continue;
    const ordered = item[1] === undefined;
    const last = blocks.at(-1);
    if (last?.kind === 'list' && last.ordered === ordered)
      blocks[blocks.length - 1] = { ...last, items: [...last.items, item[2] ?? ''] };
    else blocks.push({ kind: 'list', ordered, items: [item[2] ?? ''] });
  }
  if (code !== undefined) blocks.push({ kind: 'code', text: code.join('\n') });
  flush();
  return blocks;
}

const marks = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|_([^_]+)_|\[([^\]]+)\]\((https?:\/\/[^\s)]+|\/(?!\/)[^\s)]*)\)/g;

function inline(text: string): ReactNode {
  const parts: ReactNode[] = [];
  let done = 0;
  for (const found of text.matchAll(marks)) {
    parts.push(text.slice(done, found.index));
    done = found.index + found[0].length;
    const [, code, strong, star, line, title, url] = found;
    const key = found.index;
    if (code !== undefined) parts.push(<code key={key}>{code}</code>);
    else if (strong !== undefined) parts.push(<strong key={key}>{strong}</strong>);
    else if (url !== undefined)
      parts.push(
        <a key={key} href={url} {...(url.startsWith('/') ? {} : { target: '_blank', rel: 'noreferrer' })}>
          {title}
        </a>,
      );
    else parts.push(<em key={key}>{star ?? line}</em>);
  }
  parts.push(text.slice(done));
  return parts;
}
