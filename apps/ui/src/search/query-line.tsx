import { ActionIcon } from '@mantine/core';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import type { ScopeQuery } from '../data/scope.ts';
import { acceptOffer, completionPlace } from './completion.ts';
import './query-line.css';
import { useOffers } from './use-offers.ts';

interface QueryLineProps {
  /** The query that stands in the address. */
  readonly value: string;
  readonly onSubmit: (query: string) => void;
  readonly label: string;
  readonly placeholder: string;
  readonly scope: ScopeQuery;
  /** Fields to offer beside those of the logs. */
  readonly fields?: readonly string[];
  /** What the server said to the query that stands in the address. */
  readonly problem?: ProblemError | null | undefined;
}

const noFields: readonly string[] = [];

/**
 * One line of the search language with completion. `Enter` asks, `Tab` takes an offer, `Esc` shuts the list, `/` comes
 * here. A fault is underlined where the server found it.
 */
export function QueryLine(props: QueryLineProps): ReactNode {
  const { value, onSubmit, scope, fields = noFields } = props;
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [scrolled, setScrolled] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const [written, setWritten] = useState(value);
  if (written !== value) {
    setWritten(value);
    setText(value);
  }
  const place = useMemo(() => (open ? completionPlace(text, caret) : undefined), [open, text, caret]);
  const offers = useOffers(place, scope, fields);
  const shown = open && place !== undefined && offers.length > 0;
  const fault = text === value ? props.problem : undefined;

  const take = (offer: string) => {
    if (place === undefined) return;
    const done = acceptOffer(text, place, offer);
    setText(done.query);
    setCaret(done.caret);
    setActive(-1);
    requestAnimationFrame(() => input.current?.setSelectionRange(done.caret, done.caret));
  };
  const submit = (query: string) => {
    setOpen(false);
    setActive(-1);
    onSubmit(query.trim());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = offers[active];
    if (shown && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((now) => (now + step + offers.length + (now < 0 && step < 0 ? 1 : 0)) % offers.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (shown && chosen !== undefined) take(chosen);
      else submit(text);
    } else if (shown && event.key === 'Tab' && !event.shiftKey) {
      event.preventDefault();
      take(chosen ?? offers[0] ?? '');
    } else if (event.key === 'Escape' && shown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === 'ArrowDown' && !open) setOpen(true);
  };

  return (
    <div className="query-line">
      <div className="query-box" data-fault={fault ? '' : undefined}>
        <IconSearch size={14} aria-hidden color="var(--muted)" />
        <div className="query-field">
          {fault?.position !== undefined && (
            <div className="query-mirror" aria-hidden style={{ transform: `translateX(${-scrolled}px)` }}>
              {text.slice(0, fault.position.from)}
              <mark>
                {text.slice(fault.position.from, Math.max(fault.position.to, fault.position.from + 1)) || '  '}
              </mark>
            </div>
          )}
          <input
            ref={input}
            data-page-search
            value={text}
            aria-label={props.label}
            placeholder={props.placeholder}
            role="combobox"
            aria-expanded={shown}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
            aria-invalid={fault ? true : undefined}
            aria-describedby={fault ? `${list}-fault` : undefined}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            maxLength={4000}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
              setOpen(true);
              setActive(-1);
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
            onScroll={(event) => setScrolled(event.currentTarget.scrollLeft)}
            onFocus={() => setOpen(true)}
            onBlur={() => setOpen(false)}
            onKeyDown={onKeyDown}
          />
        </div>
        {text !== '' && (
          <ActionIcon variant="subtle" color="gray" size={24} aria-label="Clear the search" onClick={() => submit('')}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </div>
      <ul id={list} className="query-offers" role="listbox" aria-label="Completions" hidden={!shown}>
        {offers.map((offer, index) => (
          <li
            key={offer}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              take(offer);
            }}
          >
            {offer === '' ? '(empty)' : offer}
            {place?.kind === 'field' && <span className="muted">:</span>}
          </li>
        ))}
      </ul>
      {fault && (
        <p id={`${list}-fault`} className="query-fault" role="alert">
          {fault.detail || fault.title}
        </p>
      )}
    </div>
  );
}
