import { ActionIcon, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react';
import { useRef, type ReactNode } from 'react';
import { useKeys } from '../../shell/keys.ts';

interface FindBarProps {
  readonly text: string;
  /** How many of the loaded lines hold it, and which of them is marked (from 0). */
  readonly matches: number;
  readonly at: number;
  /** How many lines are loaded. */
  readonly lines: number;
  readonly onText: (text: string) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
}

/** Finds a text in the lines that are loaded, without asking the server. */
export function FindBar({ text, matches, at, lines, onText, onStep, onClose }: FindBarProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  // Pressed again, the text is chosen, as a browser's own search does.
  useKeys([{ keys: 'mod+f', title: 'Find in the lines', run: () => input.current?.select(), inFields: true }]);
  return (
    <div className="find-bar" role="search" aria-label="Find in the lines">
      <TextInput
        ref={input}
        autoFocus
        aria-label="Find in the lines"
        placeholder="Find in the lines loaded"
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
        {text.trim() === '' ? '' : matches === 0 ? `in none of ${lines} lines loaded` : `${at + 1} of ${matches}`}
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
      <ActionIcon variant="subtle" color="gray" aria-label="Close the search in the lines" onClick={onClose}>
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
