import {
  createChannel,
  listChannels,
  listDeliveries,
  removeChannel,
  testChannel,
  updateChannel,
  type AlertChannel,
  type Delivery,
} from '@sightline/contract';
import type { Channel, Notification, NotificationListed, Policy } from '@sightline/control';
import {
  allChannels,
  describeSettings,
  findChannelType,
  keptSecret,
  readSettings,
  redactSettings,
  sendTest,
  type SettingFaults,
} from '@sightline/respond';
import { refusal } from '../problem.ts';
import { answer, doneReply, type ProblemReply, refuse, type Route } from '../route.ts';
import { Places } from '../places.ts';

/** Each waits up to ten seconds for somebody else's server. */
const tests = new Places({ server: 10, organisation: 3 });

const types = allChannels.map((type) => ({
  name: type.name,
  title: type.title,
  description: type.description,
  fields: describeSettings(type).map((field) => ({ ...field, choices: [...field.choices] })),
}));

function show(channel: Channel, policies: readonly Policy[]): AlertChannel {
  const { id, name, type, enabled, updatedAt, updatedBy, lastDeliveredAt, lastFailedAt, lastError } = channel;
  const known = findChannelType(type);
  return {
    id,
    name,
    type,
    settings: known && channel.settings !== undefined ? redactSettings(known, channel.settings) : null,
    enabled,
    updatedAt,
    updatedBy,
    lastDeliveredAt,
    lastFailedAt,
    lastError,
    policies: policies
      .filter(({ steps }) => steps.some(({ channels }) => channels.includes(id)))
      .map((policy) => policy.name),
  };
}

export function showDelivery(
  notification: Notification & Partial<Pick<NotificationListed, 'incidentNumber' | 'incidentTitle'>>,
): Delivery {
  const { organisation: _, incident, incidentNumber, incidentTitle = '', receivers, log, ...rest } = notification;
  const numbered = incident !== null && typeof incidentNumber === 'number';
  return {
    ...rest,
    receivers: [...receivers],
    log: [...log],
    incident: numbered ? { id: incident, number: incidentNumber, title: incidentTitle } : null,
  };
}

function unfitSettings(faults: SettingFaults): ProblemReply {
  const fields = Object.fromEntries(Object.entries(faults).map(([name, fault]) => [`settings.${name}`, fault]));
  const detail = Object.entries(faults).map(([name, fault]) => `${name}: ${fault}`);
  return refuse(422, 'The settings are not valid', detail.join('; ').slice(0, 2000), { fields });
}

export const channelRoutes: readonly Route[] = [
  answer(listChannels, async (_, { deps: { control }, caller: { organisation } }) => {
    const [channels, policies] = await Promise.all([
      control.alerting.channels.list(organisation),
      control.alerting.policies.list(organisation),
    ]);
    return { channels: channels.map((channel) => show(channel, policies)), types, keptSecret };
  }),

  answer(createChannel, async ({ body }, { deps: { control }, caller, audit }) => {
    const type = findChannelType(body.type);
    if (!type) return refuse(422, 'Unknown kind', `There are no channels of the kind ${body.type}.`);
    const settings = readSettings(type, body.settings);
    if (!settings.ok) return unfitSettings(settings.error);
    const made = await control.alerting.channels.create(
      caller.organisation,
      { ...body, settings: settings.value },
      caller.actor,
    );
    if (!made.ok) return refusal(made.error);
    await audit('channel.create', made.value.name, type.title);
    return show(made.value, await control.alerting.policies.list(caller.organisation));
  }),

  answer(updateChannel, async ({ params, body }, { deps: { control }, caller, audit }) => {
    const before = await control.alerting.channels.find(caller.organisation, params.id);
    if (!before) return refuse(404, 'Not found', 'There is no channel of this id.');
    const type = findChannelType(before.type);
    if (!type) return refuse(409, 'Unknown kind', `There are no channels of the kind ${before.type} here any more.`);
    const settings = body.settings && readSettings(type, body.settings, before.settings);
    if (settings && !settings.ok) return unfitSettings(settings.error);
    const changed = await control.alerting.channels.update(
      caller.organisation,
      params.id,
      {
        ...(body.name === undefined ? {} : { name: body.name }),
        ...(body.enabled === undefined ? {} : { enabled: body.enabled }),
        ...(settings ? { settings: settings.value } : {}),
      },
      caller.actor,
    );
    if (!changed.ok) return refusal(changed.error);
    const words = [
      ...(body.name === undefined || body.name === before.name ? [] : [`named ${body.name}`]),
      ...(body.enabled === undefined || body.enabled === before.enabled ? [] : [body.enabled ? 'on' : 'off']),
      ...(settings ? ['settings'] : []),
    ];
    await audit('channel.update', before.name, words.join(', '));
    return show(changed.value, await control.alerting.policies.list(caller.organisation));
  }),

  answer(removeChannel, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.alerting.channels.remove(caller.organisation, params.id, caller.actor);
    if (!removed.ok) return refusal(removed.error);
    await audit('channel.remove', removed.value.name);
    return doneReply;
  }),

  answer(testChannel, async ({ params }, { deps, caller, audit, signal }) => {
    const { control, clock, logger, settings } = deps;
    const channel = await control.alerting.channels.find(caller.organisation, params.id);
    if (!channel) return refuse(404, 'Not found', 'There is no channel of this id.');
    if (!tests.enter(deps, caller.organisation)) {
      return refuse(429, 'Too many tests', 'Other tests still wait for their answers. Try again in some seconds.');
    }
    try {
      const sent = await sendTest(control, channel, settings.publicUrl, { clock, logger }, signal);
      await audit('channel.test', channel.name, sent.status);
      return showDelivery(sent);
    } finally {
      tests.leave(deps, caller.organisation);
    }
  }),

  answer(listDeliveries, async ({ query }, { deps, caller }) => {
    const listed = await deps.control.alerting.notifications.list(caller.organisation, query);
    if (!listed.ok) return refusal(listed.error);
    return { deliveries: listed.value.notifications.map(showDelivery), next: listed.value.next };
  }),
];
