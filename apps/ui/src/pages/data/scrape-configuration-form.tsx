import { Textarea } from '@mantine/core';
import {
  deleteScrapeConfiguration,
  getScrapeConfiguration,
  listScrapeTargets,
  putScrapeConfiguration,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SaveOrBack } from '../../components/form-parts.tsx';
import { RefusedText } from '../../components/refused-text.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';

type Kept = Reply<typeof getScrapeConfiguration>;

const example = `global:
  scrape_interval: 15s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['10.0.0.5:9100']
        labels:
          site: STORE_001
`;

/** What this organisation lets the server scrape, as text. What Prometheus would refuse is refused with its place, and nothing changes. */
export function ScrapeConfigurationForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const asked = useAsk(getScrapeConfiguration, {}, { keepOld: false });
  if (asked.data !== undefined) return <Form key={asked.data.updatedAt} kept={asked.data} onClose={onClose} />;
  if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
  return <SkeletonRows rows={12} />;
}

function Form({ kept, onClose }: { readonly kept: Kept; readonly onClose: () => void }): ReactNode {
  const me = useMe();
  const isNew = kept.updatedAt === null;
  const [content, setContent] = useState(isNew ? example : kept.content);
  const save = useAct(putScrapeConfiguration, [getScrapeConfiguration, listScrapeTargets]);
  const remove = useAct(deleteScrapeConfiguration, [getScrapeConfiguration, listScrapeTargets]);
  return (
    <form
      className="scrape-form"
      onSubmit={(event) => {
        event.preventDefault();
        // What was saved comes back as a new form while this one is closed: its own callbacks would be gone with it.
        save.mutateAsync({ body: { content } }).then(onClose, () => undefined);
      }}
    >
      <Textarea
        label="Scrape configuration (YAML, the form of a prometheus.yml)"
        description="Targets are found by static_configs, http_sd_configs, dns_sd_configs and kubernetes_sd_configs. Secrets are kept sealed and shown as <secret>; leave that where nothing changes. Where a job's targets, scheme, proxy, certificates or token address change, write its secrets out anew."
        classNames={{ input: 'code' }}
        autosize
        minRows={14}
        maxRows={40}
        maxLength={900_000}
        spellCheck={false}
        readOnly={!me.may('admin')}
        value={content}
        onChange={(event) => setContent(event.currentTarget.value)}
      />
      {kept.updatedAt !== null && (
        <p className="muted">
          {kept.updatedBy}, <TimeText at={kept.updatedAt} show="relative" />
        </p>
      )}
      {kept.warnings.length > 0 && (
        <div>
          <strong>Left out</strong>
          <ul className="scrape-warnings">
            {kept.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </div>
      )}
      {save.error !== null && <RefusedText problem={save.error} />}
      <SaveOrBack may={me.may('admin')} saving={save.isPending} onClose={onClose}>
        {me.may('admin') && !isNew && (
          <Confirm
            verb="Delete"
            title="Delete the scrape configuration"
            text="Its targets are asked no more and their series end. What was scraped stays."
            harmful
            button={{ variant: 'subtle' }}
            act={async () => {
              await remove.mutateAsync({});
              onClose();
            }}
          />
        )}
      </SaveOrBack>
    </form>
  );
}
