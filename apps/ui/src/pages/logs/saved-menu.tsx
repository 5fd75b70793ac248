import { Button, Menu } from '@mantine/core';
import { addSavedSearch, deleteSavedSearch, listSavedSearches } from '@sightline/contract';
import { IconBookmark, IconX } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { NameForm } from '../../components/name-form.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { addressOfSearch, searchOfAddress } from './saved-searches.ts';

/** The organisation's saved searches, and a way to save what stands in the address. */
export function SavedMenu(): ReactNode {
  const { search, setSearch } = useAddress();
  const { may } = useMe();
  const [opened, setOpened] = useState(false);
  const [naming, setNaming] = useState(false);
  const saved = useAsk(listSavedSearches, {}, { when: opened });
  const add = useAct(addSavedSearch, [listSavedSearches]);
  const remove = useAct(deleteSavedSearch, [listSavedSearches]);
  if (naming) {
    return (
      <NameForm
        label="Name of the search"
        fault={add.error?.detail}
        busy={add.isPending}
        onSave={(name) =>
          add.mutate({ body: { name, ...searchOfAddress(search) } }, { onSuccess: () => setNaming(false) })
        }
        onCancel={() => {
          add.reset();
          setNaming(false);
        }}
      />
    );
  }
  const searches = saved.data?.searches ?? [];
  return (
    <Menu position="bottom-end" width={300} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={14} />}>
          Saved
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {saved.error !== null && <Menu.Label>They could not be read. {saved.error.detail}</Menu.Label>}
        {saved.data !== undefined && searches.length === 0 && <Menu.Label>No search is saved yet</Menu.Label>}
        {searches.map((one) => (
          <div key={one.id} className="row">
            <Menu.Item
              className="grow"
              title={one.query}
              onClick={() => setSearch(addressOfSearch(one), { push: true })}
            >
              {one.name}
            </Menu.Item>
            {may('responder') && (
              <Menu.Item
                w={36}
                closeMenuOnClick={false}
                aria-label={`Delete the search ${one.name}`}
                onClick={() => remove.mutate({ params: { id: one.id } })}
              >
                <IconX size={14} />
              </Menu.Item>
            )}
          </div>
        ))}
        {may('responder') && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => setNaming(true)}>Save this search…</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
