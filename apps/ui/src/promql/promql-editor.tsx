import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import type { ReactNode } from 'react';
import { CodeEditor, type CodeEditorProps, type EditorLanguage } from '../editor/code-editor.tsx';
import { completionClient } from './completion-client.ts';

function promql(): EditorLanguage {
  // Faults are those of the server: variables of a dashboard are no PromQL, and it alone knows all.
  const language = new PromQLExtension().setComplete({ remote: completionClient() }).activateLinter(false);
  return { extension: language.asExtension(), close: () => language.destroy() };
}

/** A field for PromQL, which completes metrics, labels, values and functions from what was received. */
export default function PromqlEditor(props: Omit<CodeEditorProps, 'language'>): ReactNode {
  return <CodeEditor {...props} language={promql} />;
}
