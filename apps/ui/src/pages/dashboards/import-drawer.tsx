import { Button, FileButton, Textarea, TextInput } from '@mantine/core';
import { importDashboard, listDashboards } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { counted } from '../../components/number-text.ts';
import { useAct } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import { ImportNotes } from './import-notes.tsx';

const fileLimitBytes = 8 * 1024 * 1024;

/** A dashboard from a file: one of ours, or one of Grafana. It is read first, and kept once its notes were seen. */
export function ImportDrawer({ onClose }: { onClose: () => void }): ReactNode {
  const [text, setText] = useState('');
  const [folder, setFolder] = useState('');
  const [fault, setFault] = useState('');
  const reading = useAct(importDashboard);
  const keeping = useAct(importDashboard, [listDashboards]);
  const read = reading.data;
  const kept = keeping.data;
  function take(next: string): void {
    setText(next);
    setFault('');
    reading.reset();
    keeping.reset();
  }
  function ask(save: boolean): void {
    let source: unknown;
    try {
      source = JSON.parse(text);
    } catch (error) {
      setFault(`Not JSON: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      setFault('Expected one dashboard: an object in braces.');
      return;
    }
    (save ? keeping : reading).mutate({ body: { source: source as Record<string, unknown>, folder, save } });
  }
  return (
    <Drawer title="Import a dashboard" label="Import a dashboard" width={680} onClose={onClose}>
      <div className="drawer-parts">
        {kept !== undefined ? (
          <>
            <p>
              <strong>{kept.document.title}</strong> was imported with {counted(kept.document.panels.length, 'panel')}.
            </p>
            <div className="ways-on">
              <Go to={`/dashboards/${encodeURIComponent(kept.id)}`} search={{ drawer: '' }}>
                Open it
              </Go>
            </div>
            <ImportNotes notes={kept.notes} />
          </>
        ) : (
          <>
            <p className="muted">
              The JSON of a dashboard as Sightline or Grafana exports it. Grafana’s panels, PromQL, variables, units and
              limits are carried over; what cannot be is listed, panel by panel.
            </p>
            <div className="row">
              <FileButton
                accept="application/json,.json"
                onChange={(file) => {
                  if (file === null) return;
                  if (file.size > fileLimitBytes) setFault('The file is larger than 8 MB.');
                  else void file.text().then(take);
                }}
              >
                {(props) => (
                  <Button {...props} variant="default">
                    Choose a file
                  </Button>
                )}
              </FileButton>
              <span className="muted">or paste it</span>
            </div>
            <Textarea
              aria-label="Dashboard as JSON"
              className="json-text"
              placeholder="{ … }"
              rows={10}
              value={text}
              spellCheck={false}
              error={fault || reading.error?.fields['source'] || undefined}
              onChange={(event) => take(event.currentTarget.value)}
            />
            <TextInput
              label="Folder"
              w={220}
              value={folder}
              maxLength={100}
              onChange={(event) => setFolder(event.currentTarget.value)}
            />
            <FormProblem problem={reading.error ?? keeping.error} known={['source']} />
            <div className="row">
              <Button
                variant={read === undefined ? 'filled' : 'default'}
                disabled={text.trim() === ''}
                loading={reading.isPending}
                onClick={() => ask(false)}
              >
                Read it
              </Button>
              {read !== undefined && (
                <Button loading={keeping.isPending} onClick={() => ask(true)}>
                  Import {read.document.title}
                </Button>
              )}
            </div>
            {read !== undefined && (
              <>
                <p>
                  {read.from === 'grafana' ? 'A dashboard of Grafana' : 'A dashboard of Sightline'}:{' '}
                  <strong>{read.document.title}</strong>,{' '}
                  {counted(read.document.panels.filter(({ type }) => type !== 'row').length, 'panel')},{' '}
                  {counted(read.document.variables.length, 'variable')}.
                </p>
                <ImportNotes notes={read.notes} />
              </>
            )}
          </>
        )}
      </div>
    </Drawer>
  );
}
