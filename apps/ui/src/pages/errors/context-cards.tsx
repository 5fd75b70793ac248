import type { ErrorEvent } from '@sightline/contract';
import {
  IconBuildingStore,
  IconDeviceDesktop,
  IconReceipt,
  IconServer2,
  IconUser,
  IconWorld,
  type Icon,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import './errors.css';

type Group = ErrorEvent['groups'][number];

const cards: readonly { readonly name: Group['name']; readonly title: string; readonly icon: Icon }[] = [
  { name: 'site', title: 'Site', icon: IconBuildingStore },
  { name: 'terminal', title: 'Terminal', icon: IconDeviceDesktop },
  { name: 'user', title: 'User', icon: IconUser },
  { name: 'transaction', title: 'Transaction', icon: IconReceipt },
  { name: 'system', title: 'System', icon: IconServer2 },
  { name: 'request', title: 'Request', icon: IconWorld },
];

/** The six groups of context that every error should carry; one that is missing says so. */
export function ContextCards({ groups }: { groups: readonly Group[] }): ReactNode {
  return (
    <div className="context-cards">
      {cards.map(({ name, title, icon: Sign }) => {
        const fields = groups.find((group) => group.name === name)?.fields ?? [];
        return (
          <section
            key={name}
            className="context-card"
            aria-label={title}
            data-empty={fields.length === 0 ? '' : undefined}
          >
            <h3>
              <Sign size={14} aria-hidden /> {title}
            </h3>
            {fields.length === 0 ? (
              <p className="muted">not sent</p>
            ) : (
              <dl>
                {fields.map(({ label, value }) => (
                  <div key={label}>
                    <dt>{label}</dt>
                    <dd>{value || '–'}</dd>
                  </div>
                ))}
              </dl>
            )}
          </section>
        );
      })}
    </div>
  );
}
