import { relativeRanges } from '../../../data/time-range.ts';
import { Button, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import { dashboardLink, type DashboardDocument, type DashboardVariable } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../../components/drawer.tsx';
import { newVariable, type Draft } from './use-draft.ts';
import { VariableFields } from './variable-fields.tsx';

const variableTypes: readonly { value: DashboardVariable['type']; label: string }[] = [
  { value: 'site', label: 'Site' },
  { value: 'service', label: 'Service' },
  { value: 'query', label: 'Values of a label' },
  { value: 'custom', label: 'Values of your own' },
  { value: 'interval', label: 'Interval' },
  { value: 'text', label: 'Text' },
];

/** What belongs to the dashboard as a whole: where it stands in the list, its range, marks, variables, links. */
export function SettingsDrawer({ draft, onClose }: { draft: Draft; onClose: () => void }): ReactNode {
  const { document, change } = draft;
  const variables = document.variables;
  const setVariable = (index: number, next: DashboardVariable | undefined): void =>
    change({
      variables:
        next === undefined
          ? variables.filter((_, at) => at !== index)
          : variables.map((one, at) => (at === index ? next : one)),
    });
  return (
    <Drawer title="Settings of the dashboard" label="Settings of the dashboard" width={620} onClose={onClose}>
      <div className="drawer-parts">
        <Textarea
          size="xs"
          label="What it is for"
          value={document.description}
          maxLength={4000}
          autosize
          minRows={2}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <div className="field-row">
          <TextInput
            label="Folder"
            value={document.folder}
            maxLength={100}
            onChange={(event) => change({ folder: event.currentTarget.value })}
          />
          <TagsInput size="xs" label="Tags" value={document.tags} maxTags={20} onChange={(tags) => change({ tags })} />
          <Select
            label="Time range at first"
            w={130}
            data={[...new Set([...relativeRanges, document.range])]}
            value={document.range}
            allowDeselect={false}
            onChange={(value) => change({ range: value ?? '1h' })}
          />
        </div>
        <section aria-label="Marks">
          <h3 className="part-title">Marks on every chart</h3>
          <div className="row">
            {(['incidents', 'deploys'] as const).map((what) => (
              <Switch
                key={what}
                size="xs"
                label={what === 'incidents' ? 'Incidents' : 'Deploys'}
                checked={document.annotations[what]}
                onChange={(event) =>
                  change({ annotations: { ...document.annotations, [what]: event.currentTarget.checked } })
                }
              />
            ))}
          </div>
        </section>
        <section aria-label="Variables" className="stack">
          <h3 className="part-title">
            Variables <span className="muted">stand in queries as $name</span>
          </h3>
          {variables.map((variable, index) => (
            <VariableFields
              key={`${index} ${variable.type}`}
              variable={variable}
              onChange={(next) => setVariable(index, next)}
            />
          ))}
          <Select
            aria-label="Add a variable"
            placeholder="Add a variable"
            w={200}
            data={variableTypes}
            value={null}
            onChange={(type) => {
              const found = variableTypes.find(({ value }) => value === type);
              if (found !== undefined) change({ variables: [...variables, newVariable(variables, found.value)] });
            }}
          />
        </section>
        <LinkFields links={document.links} onChange={(links) => change({ links })} />
      </div>
    </Drawer>
  );
}

type Links = DashboardDocument['links'];

/** Links of a dashboard or a panel. */
export function LinkFields({ links, onChange }: { links: Links; onChange: (links: Links) => void }): ReactNode {
  const [title, setTitle] = useState('');
  const [url, setUrl] = useState('');
  const read = dashboardLink.safeParse({ title, url });
  return (
    <section aria-label="Links" className="stack">
      <h3 className="part-title">Links</h3>
      {links.map((link, index) => (
        <div key={link.title + link.url} className="row">
          <span className="grow">
            {link.title} <span className="muted">{link.url}</span>
          </span>
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Remove the link ${link.title}`}
            onClick={() => onChange(links.filter((_, at) => at !== index))}
          >
            Remove
          </Button>
        </div>
      ))}
      <div className="field-row">
        <TextInput
          label="Title of a link"
          value={title}
          maxLength={200}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <TextInput
          label="Address"
          placeholder="/logs?site=$site"
          value={url}
          maxLength={2000}
          error={url !== '' && !read.success ? 'expected https://… or a path: /logs?q=…' : undefined}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Button
          variant="default"
          disabled={title.trim() === '' || !read.success}
          onClick={() => {
            if (!read.success) return;
            onChange([...links, read.data]);
            setTitle('');
            setUrl('');
          }}
        >
          Add
        </Button>
      </div>
    </section>
  );
}
