import type { ReactNode } from 'react';
import { CodeEditor, type CodeEditorProps } from './code-editor.tsx';
import { completedLanguage, type CompletedLanguage } from './completed-language.ts';

/** A field for a query in a language that tells what it offers. The language is taken once. */
export default function CompletedEditor(
  props: Omit<CodeEditorProps, 'language'> & { readonly language: CompletedLanguage },
): ReactNode {
  return <CodeEditor {...props} language={() => completedLanguage(props.language)} />;
}
