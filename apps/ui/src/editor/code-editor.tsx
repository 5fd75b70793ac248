import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, Prec, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder as placeholderOf } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef, type ReactNode } from 'react';
import './code-editor.css';

/** A language of the editor: what colours and completes it; made anew for each editor. */
export interface EditorLanguage {
  readonly extension: Extension;
  readonly close?: () => void;
}

export interface CodeEditorProps {
  /** Taken once, when the editor is made. */
  readonly language: () => EditorLanguage;
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** Enter; a new line is Shift with Enter. */
  readonly onSubmit?: (text: string) => void;
  readonly placeholder?: string;
  /** What the server found wrong, and where. */
  readonly fault?: { readonly message: string; readonly from: number; readonly to: number } | undefined;
  /** `/` comes here. */
  readonly isPageSearch?: boolean;
}

const colours = syntaxHighlighting(
  HighlightStyle.define([
    {
      tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.function(tags.variableName)],
      color: 'var(--accent)',
    },
    { tag: [tags.string, tags.special(tags.string)], color: 'var(--series-4)' },
    { tag: [tags.number, tags.literal], color: 'var(--series-5)' },
    { tag: tags.labelName, color: 'var(--series-2)' },
    { tag: tags.comment, color: 'var(--faint)' },
    { tag: tags.invalid, color: 'var(--bad)' },
  ]),
);

/** A field for a query: colours, brackets, undo, and completion as the language has it. */
export function CodeEditor(props: CodeEditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  const { label, value, placeholder = '', fault, isPageSearch = false } = props;
  useEffect(() => {
    latest.current = props;
  });

  // The editor is made once; what changes is handed over below.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const language = latest.current.language();
    const naming = new Compartment();
    const submit = (editor: EditorView): boolean => {
      latest.current.onSubmit?.(editor.state.doc.toString());
      return latest.current.onSubmit !== undefined;
    };
    const made = new EditorView({
      parent: element,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, tooltipClass: () => 'code-offers' }),
          language.extension,
          // Offers that are still on their way when the field is left would open over what is used next.
          EditorView.domEventHandlers({
            blur: (_, editor) => {
              if (completionStatus(editor.state) === 'pending') closeCompletion(editor);
            },
          }),
          colours,
          EditorView.lineWrapping,
          placeholderOf(placeholder),
          naming.of(
            EditorView.contentAttributes.of({
              'aria-label': label,
              ...(isPageSearch ? { 'data-page-search': '' } : {}),
            }),
          ),
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            // Before the usual keys, where Enter begins a line; an offer that is open takes it first.
            { key: 'Enter', run: submit, shift: insertNewlineAndIndent },
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          Prec.high(keymap.of([{ key: 'Mod-Enter', run: submit }])),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      language.close?.();
      made.destroy();
      view.current = null;
    };
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const length = editor.state.doc.length;
    const marked =
      fault === undefined
        ? []
        : [
            {
              from: Math.min(fault.from, Math.max(0, length - 1)),
              to: Math.min(Math.max(fault.to, fault.from + 1), length),
              severity: 'error' as const,
              message: fault.message,
            },
          ];
    editor.dispatch(setDiagnostics(editor.state, length === 0 ? [] : marked));
  }, [fault]);

  return <div ref={host} className="code-editor" />;
}
