import { Button, Textarea } from '@mantine/core';
import { dashboardDocument, type Dashboard } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { copyText } from '../../../components/copy.ts';
import { Drawer } from '../../../components/drawer.tsx';
import type { Draft } from './use-draft.ts';

/** The dashboard as code: to read and copy, and while it is edited to change. */
export function JsonDrawer({
  draft,
  editing,
  dashboard,
  onClose,
}: {
  draft: Draft;
  editing: boolean;
  dashboard: Dashboard;
  onClose: () => void;
}): ReactNode {
  const first = JSON.stringify(editing ? draft.document : dashboard.document, null, 2);
  const [text, setText] = useState(first);
  const [fault, setFault] = useState('');
  function apply(): void {
    const read = readDocument(text);
    if (typeof read === 'string') {
      setFault(read);
      return;
    }
    draft.replace(read);
    onClose();
  }
  return (
    <Drawer title="JSON" label="JSON" width={760} onClose={onClose}>
      <div className="drawer-parts">
        <p className="muted">
          {editing
            ? 'What stands here replaces the dashboard you edit; it is kept when you save.'
            : 'The dashboard as code. Import takes it back, here or elsewhere.'}
        </p>
        <Textarea
          aria-label="Dashboard as JSON"
          className="json-text"
          value={text}
          readOnly={!editing}
          autosize
          minRows={20}
          maxRows={34}
          spellCheck={false}
          error={fault === '' ? undefined : fault}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setFault('');
          }}
        />
        <div className="row">
          {editing && <Button onClick={apply}>Apply</Button>}
          <Button variant="default" onClick={() => void copyText(text, 'JSON')}>
            Copy
          </Button>
        </div>
      </div>
    </Drawer>
  );
}

/** The document, or why it is none. */
function readDocument(text: string): ReturnType<typeof dashboardDocument.parse> | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const read = dashboardDocument.safeParse(json);
  if (read.success) return read.data;
  return read.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'document'}: ${message}`)
    .join('\n');
}
