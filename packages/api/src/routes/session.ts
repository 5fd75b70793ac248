import {
  acceptInvitation,
  changePassword,
  type Me,
  setup,
  setupState,
  signIn,
  signOut,
  switchOrganisation,
  whoAmI,
} from '@sightline/contract';
import type { Session } from '@sightline/control';
import { refusal } from '../problem.ts';
import {
  answer,
  answerPublic,
  type ApiDeps,
  type CallContext,
  doneReply,
  ProblemReply,
  type PublicContext,
  refuse,
  type Route,
} from '../route.ts';
import { SignInLimiter } from '../sign-in-limiter.ts';

// One limiter per clock, hence per running API: routes are values and hold no state of their own.
const limiters = new WeakMap<ApiDeps, SignInLimiter>();

function limiterOf(deps: ApiDeps): SignInLimiter {
  let limiter = limiters.get(deps);
  if (!limiter) limiters.set(deps, (limiter = new SignInLimiter(deps.clock)));
  return limiter;
}

function tooMany({ deps, address }: PublicContext, subject: string): ProblemReply | undefined {
  const waitS = limiterOf(deps).begin(address, subject);
  if (waitS === 0) return undefined;
  return refuse(429, 'Too many tries', `Wait ${Math.ceil(waitS / 60)} min before the next try.`, {
    headers: { 'retry-after': String(waitS) },
  });
}

async function me({ deps }: PublicContext, session: Session): Promise<Me> {
  return {
    person: session.person,
    organisation: session.organisation,
    organisations: await deps.control.people.organisationsOf(session.person.id),
    role: session.role,
    csrfToken: session.csrfToken,
    demo: deps.settings.demo,
    version: deps.settings.version,
  };
}

/** Opens a session in place of the one the browser had, so that none is carried over a sign-in. */
async function openSession(
  context: PublicContext,
  personId: string,
  event: { action: string; detail?: string },
  organisation?: string,
): Promise<Me | ProblemReply> {
  const { control } = context.deps;
  const about = { address: context.address, userAgent: context.userAgent, ...(organisation ? { organisation } : {}) };
  const opened = await control.sessions.open(personId, about);
  if (!opened) return refuse(403, 'No organisation', 'You belong to no organisation any more. Ask for an invitation.');
  if (context.sessionToken !== '') await control.sessions.end(context.sessionToken);
  context.setSession(opened.token);
  const { person, organisation: place } = opened.session;
  await control.audit.append(
    place.id,
    { name: person.email, address: context.address },
    { action: event.action, subject: person.email, detail: event.detail ?? '' },
  );
  return me(context, opened.session);
}

/**
 * A sign-in that failed stands in the trail of the organisations whose member was meant; an address that nobody has is in the log
 * alone. Nobody waits for it: how long the answer takes must not tell whether the address is known.
 */
async function noteRefused(email: string, { deps, address }: PublicContext): Promise<void> {
  try {
    const { control } = deps;
    for (const organisation of await control.people.organisationsOfEmail(email))
      await control.audit.append(
        organisation,
        { name: 'not signed in', address },
        { action: 'session.refused', subject: email.trim().toLowerCase() },
      );
  } catch (error) {
    deps.logger.error('A failed sign-in could not be written to the audit trail', { error });
  }
}

/** The session of a call by a person; keys have none. */
async function sessionOf(context: CallContext): Promise<Session | ProblemReply> {
  const session =
    context.caller.kind === 'person' ? await context.deps.control.sessions.find(context.sessionToken) : undefined;
  return session ?? refuse(403, 'Only for people', 'An API key has no session. Sign in instead.');
}

export const sessionRoutes: readonly Route[] = [
  answerPublic(setupState, async (_, { deps }) => ({ needed: await deps.control.setup.needed() })),

  answerPublic(setup, async ({ body }, context) => {
    const wait = tooMany(context, 'set-up');
    if (wait) return wait;
    const { token, ...owner } = body;
    const done = await context.deps.control.setup.complete(token, owner);
    if (!done.ok) return refusal(done.error);
    limiterOf(context.deps).succeeded(context.address, 'set-up');
    const { person, organisation } = done.value;
    return openSession(
      context,
      person.id,
      { action: 'organisation.create', detail: organisation.name },
      organisation.id,
    );
  }),

  answerPublic(signIn, async ({ body }, context) => {
    const wait = tooMany(context, body.email);
    if (wait) return wait;
    const person = await context.deps.control.people.signIn(body.email, body.password);
    if (!person) {
      context.deps.logger.warn('A sign-in failed', { email: body.email, address: context.address });
      void noteRefused(body.email, context);
      return refuse(401, 'Not signed in', 'E-mail address or password is not right.');
    }
    limiterOf(context.deps).succeeded(context.address, body.email);
    return openSession(context, person.id, { action: 'session.open' });
  }),

  answer(signOut, async (_, context) => {
    const session = await sessionOf(context);
    if (session instanceof ProblemReply) return session;
    await context.deps.control.sessions.end(context.sessionToken);
    context.setSession('');
    await context.audit('session.end', session.person.email);
    return doneReply;
  }),

  answer(whoAmI, async (_, context) => {
    const session = await sessionOf(context);
    return session instanceof ProblemReply ? session : me(context, session);
  }),

  answer(switchOrganisation, async ({ body }, context) => {
    const session = await sessionOf(context);
    if (session instanceof ProblemReply) return session;
    const switched = await context.deps.control.sessions.switchOrganisation(context.sessionToken, body.organisation);
    if (!switched.ok) return refusal(switched.error);
    await context.deps.control.audit.append(
      switched.value.organisation.id,
      { name: session.person.email, address: context.address },
      { action: 'session.switch', subject: session.person.email, detail: `from ${session.organisation.name}` },
    );
    return me(context, switched.value);
  }),

  answer(changePassword, async ({ body }, context) => {
    const session = await sessionOf(context);
    if (session instanceof ProblemReply) return session;
    const wait = tooMany(context, session.person.email);
    if (wait) return wait;
    const { people } = context.deps.control;
    const changed = await people.changePassword(session.person.id, body.current, body.next, context.sessionToken);
    if (!changed.ok) return refusal(changed.error);
    limiterOf(context.deps).succeeded(context.address, session.person.email);
    await context.audit('person.password', session.person.email, 'other sessions ended');
    return doneReply;
  }),

  answerPublic(acceptInvitation, async ({ body }, context) => {
    const wait = tooMany(context, `invitation ${body.token}`);
    if (wait) return wait;
    const accepted = await context.deps.control.invitations.accept(body.token, body);
    if (!accepted.ok) return refusal(accepted.error);
    limiterOf(context.deps).succeeded(context.address, `invitation ${body.token}`);
    const { person, organisation, role } = accepted.value;
    return openSession(context, person.id, { action: 'invitation.accept', detail: role }, organisation);
  }),
];
