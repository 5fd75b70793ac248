import { listFaults, switchFault } from '@sightline/contract';
import { answer, refuse, type Route } from '../route.ts';

const showFaults = answer(listFaults, async (_input, { deps }) =>
  deps.faults ? { available: true, faults: await deps.faults.list() } : { available: false, faults: [] },
);

const setFault = answer(switchFault, async ({ params, body }, { deps, audit }) => {
  if (!deps.faults)
    return refuse(404, 'No demo fleet', 'Faults belong to the demo fleet: start with `npm start -- --demo`.');
  const faults = await deps.faults.switch(params.name, body.active, body.sites);
  if (!faults) return refuse(404, 'No such fault', `The demo fleet has no fault named ${params.name}.`);
  await audit(
    body.active ? 'demo.fault-on' : 'demo.fault-off',
    params.name,
    body.sites.length === 0 ? 'sites of its own choice' : body.sites.join(', ').slice(0, 1000),
  );
  return { faults };
});

export const demoRoutes: readonly Route[] = [showFaults, setFault];
