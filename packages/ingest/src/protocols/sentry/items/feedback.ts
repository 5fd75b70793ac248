import { believableNs } from '../../../errors/event-time.ts';
import { contextTexts, identityOf, packageOfRelease, tagsOf } from '../../../errors/identity.ts';
import { firstText, hexIdOf, objectOf, textOf, type JsonObject } from '../../../errors/json-reader.ts';
import { withoutSecrets } from '../../../errors/secrets.ts';
import { errorsKeptDays, eventIdOf } from '../../../errors/normalise-event.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from '../decoded-item.ts';

const maxMessage = 8192;

/** Item `feedback`: an event whose context `feedback` holds what the person wrote. */
export function decodeFeedback(event: JsonObject, origin: ItemOrigin): DecodedItem {
  const contexts = objectOf(event['contexts']);
  const feedback = objectOf(contexts['feedback']);
  const release = textOf(event['release'], 250);
  const identity = identityOf({ ...contextTexts(contexts), ...tagsOf(event['tags']) }, origin.scope, {
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: 'production',
  });
  return oneRow('feedback', {
    organisation: origin.scope.organisation,
    project: origin.project,
    site: identity.site,
    service: identity.service,
    environment: firstText(textOf(event['environment'], 64), identity.environment),
    release: firstText(release, identity.release),
    ts: Number(believableNs(event['timestamp'], origin.receivedAtMs, errorsKeptDays) / 1_000_000n),
    event_id: eventIdOf(event, origin),
    associated_event_id: hexIdOf(feedback['associated_event_id'], 32),
    // The SDK's form says it in its own context, an SDK that records while somebody writes in the event's.
    replay_id: firstText(hexIdOf(feedback['replay_id'], 32), hexIdOf(objectOf(contexts['replay'])['replay_id'], 32)),
    trace_id: hexIdOf(objectOf(contexts['trace'])['trace_id'], 32),
    name: textOf(feedback['name'], 200),
    contact: textOf(feedback['contact_email'], 200),
    message: withoutSecrets(textOf(feedback['message'], maxMessage)),
    url: withoutSecrets(firstText(textOf(feedback['url'], 2048), textOf(objectOf(event['request'])['url'], 2048))),
  });
}

/** Item `user_report`: the older form, about one event. */
export function decodeUserReport(report: JsonObject, origin: ItemOrigin): DecodedItem {
  const about = firstText(hexIdOf(report['event_id'], 32), origin.eventId);
  return oneRow('feedback', {
    organisation: origin.scope.organisation,
    project: origin.project,
    site: origin.scope.site,
    service: firstText(origin.scope.service, `project-${origin.project}`),
    environment: firstText(origin.scope.environment, 'production'),
    release: '',
    ts: Math.round(origin.receivedAtMs),
    event_id: about,
    associated_event_id: about,
    replay_id: '',
    trace_id: '',
    name: textOf(report['name'], 200),
    contact: textOf(report['email'], 200),
    message: withoutSecrets(textOf(report['comments'], maxMessage)),
    url: '',
  });
}
