import { useEffect, useRef, type ReactNode } from 'react';
import { CodeEditor, type CodeEditorProps } from './code-editor.tsx';
import { completedLanguage, type CompletedLanguage } from './completed-language.ts';

/** A field for a query in a language that tells what it offers; what it offers may change, its words stay. */
export default function CompletedEditor(
  props: Omit<CodeEditorProps, 'language'> & { readonly language: CompletedLanguage },
): ReactNode {
  const { language } = props;
  const latest = useRef(language);
  useEffect(() => {
    latest.current = language;
  });
  return (
    <CodeEditor
      {...props}
      language={() =>
        completedLanguage({ ...language, offer: async (text, caret) => latest.current.offer(text, caret) })
      }
    />
  );
}
