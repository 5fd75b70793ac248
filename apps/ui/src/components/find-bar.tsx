import { ActionIcon, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react';
import { useRef, type ReactNode } from 'react';
import './states.css';
import { useKeys } from '../shell/keys.ts';

interface FindBarProps {
  /** What is looked through: `the lines`. */
  readonly within: string;
  readonly placeholder: string;
  readonly text: string;
  /** How many hold it, and which of them is marked (from 0). */
  readonly matches: number;
  readonly at: number;
  /** Said where there is none: `in none of 3 lines loaded`. */
  readonly none: string;
  readonly onText: (text: string) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
}

/** Finds a text in what is loaded, without asking the server. Enter goes on, with Shift back, Escape closes. */
export function FindBar(props: FindBarProps): ReactNode {
  const { within, text, matches, at, onText, onStep, onClose } = props;
  const title = `Find in ${within}`;
  const input = useRef<HTMLInputElement>(null);
  // Pressed again, the text is chosen, as a browser's own search does.
  useKeys([{ keys: 'mod+f', title, run: () => input.current?.select(), inFields: true }]);
  return (
    <div className="find-bar" role="search" aria-label={title}>
      <TextInput
        ref={input}
        autoFocus
        aria-label={title}
        placeholder={props.placeholder}
        maxLength={200}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'Escape') return;
          event.preventDefault();
          if (event.key === 'Escape') onClose();
          else onStep(event.shiftKey ? -1 : 1);
        }}
      />
      <span className="muted" role="status">
        {text.trim() === '' ? '' : matches === 0 ? props.none : `${at + 1} of ${matches}`}
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Previous match"
        disabled={matches === 0}
        onClick={() => onStep(-1)}
      >
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Next match"
        disabled={matches === 0}
        onClick={() => onStep(1)}
      >
        <IconChevronDown size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label={`Close the search in ${within}`} onClick={onClose}>
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
