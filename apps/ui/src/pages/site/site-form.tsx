import { Button, NumberInput, TextInput } from '@mantine/core';
import { fleet, siteDetail, updateSite } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { useAct } from '../../data/ask.ts';
import { FormProblem } from '../../components/form-problem.tsx';
import type { SiteDetail } from './site-page.tsx';

const texts = [
  { field: 'name', label: 'Name' },
  { field: 'address', label: 'Address' },
  { field: 'city', label: 'City' },
  { field: 'region', label: 'State' },
  { field: 'timeZone', label: 'Time zone' },
] as const;

/** Name and place of a store, as they stand on the map and in messages. */
export function SiteForm({ detail, onClose }: { detail: SiteDetail; onClose: () => void }): ReactNode {
  const { site } = detail;
  const [values, setValues] = useState({
    name: site.name,
    address: detail.address,
    city: site.city,
    region: site.region,
    timeZone: site.timeZone,
    latitude: site.latitude,
    longitude: site.longitude,
  });
  const saving = useAct(updateSite, [siteDetail, fleet]);
  const faults = saving.error?.fields ?? {};
  return (
    <Drawer title={`${site.code}: name and place`} label={`${site.code}: name and place`} width={420} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          saving.mutate({ params: { code: site.code }, body: values }, { onSuccess: onClose });
        }}
      >
        {texts.map(({ field, label }) => (
          <TextInput
            key={field}
            label={label}
            value={values[field]}
            error={faults[field]}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setValues((old) => ({ ...old, [field]: value }));
            }}
          />
        ))}
        {(['latitude', 'longitude'] as const).map((field) => (
          <NumberInput
            key={field}
            size="xs"
            label={field === 'latitude' ? 'Latitude, °' : 'Longitude, °'}
            min={field === 'latitude' ? -90 : -180}
            max={field === 'latitude' ? 90 : 180}
            decimalScale={6}
            hideControls
            value={values[field] ?? ''}
            error={faults[field]}
            onChange={(value) => setValues((old) => ({ ...old, [field]: typeof value === 'number' ? value : null }))}
          />
        ))}
        <FormProblem problem={saving.error} known={Object.keys(values)} />
        <Button type="submit" loading={saving.isPending}>
          Save
        </Button>
      </form>
    </Drawer>
  );
}
