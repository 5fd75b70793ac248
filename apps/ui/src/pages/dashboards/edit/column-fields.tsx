import { Autocomplete, Button, Switch, TextInput } from '@mantine/core';
import type { DashboardPanel, PanelOptions } from '@sightline/contract';
import type { ReactNode } from 'react';

const columnsAtMost = 100;

type Column = PanelOptions['columns'][number];

/** Which columns a table has, in which order and under which names. */
export function ColumnFields({
  panel,
  setOptions,
}: {
  panel: DashboardPanel;
  setOptions: (part: Partial<PanelOptions>) => void;
}): ReactNode {
  const { columns, otherColumns } = panel.options;
  const set = (next: readonly Column[]): void => setOptions({ columns: [...next] });
  const change = (index: number, part: Partial<Column>): void =>
    set(columns.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const values = panel.queries.filter(({ hidden }) => !hidden).map(({ ref }) => `Value #${ref}`);
  return (
    <section aria-label="Columns" className="stack">
      <h3 className="part-title">Columns</h3>
      {columns.length === 0 && (
        <p className="muted">All labels, then the values of each query. Add a column to name it, move it or hide it.</p>
      )}
      {columns.map((column, index) => {
        const called = column.title || column.name || `column ${index + 1}`;
        return (
          // oxlint-disable-next-line react/no-array-index-key -- two columns may have one name while they are written
          <div key={index} className="field-row">
            <Autocomplete
              size="xs"
              label="Label, or Value #A"
              w={150}
              data={values}
              value={column.name}
              maxLength={200}
              onChange={(name) => change(index, { name })}
            />
            <TextInput
              size="xs"
              label="Name it"
              w={150}
              placeholder={column.name}
              value={column.title}
              maxLength={200}
              onChange={(event) => change(index, { title: event.currentTarget.value })}
            />
            <Switch
              size="xs"
              label="Shown"
              aria-label={`${called} is shown`}
              checked={!column.hidden}
              onChange={(event) => change(index, { hidden: !event.currentTarget.checked })}
            />
            <Button
              variant="default"
              size="compact-xs"
              disabled={index === 0}
              aria-label={`Move ${called} forward`}
              onClick={() =>
                set(columns.map((one, at) => columns[at === index ? at - 1 : at === index - 1 ? index : at] ?? one))
              }
            >
              Forward
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Remove ${called} from the list`}
              onClick={() => set(columns.filter((_, at) => at !== index))}
            >
              Remove
            </Button>
          </div>
        );
      })}
      <div className="row">
        <Button
          variant="default"
          size="compact-xs"
          disabled={columns.length >= columnsAtMost}
          onClick={() => set([...columns, { name: '', title: '', hidden: false }])}
        >
          Add a column
        </Button>
        <Switch
          size="xs"
          label="Columns that are not listed are shown behind these"
          checked={otherColumns}
          onChange={(event) => setOptions({ otherColumns: event.currentTarget.checked })}
        />
      </div>
    </section>
  );
}
