// Holds shapes.ts to the OpenAPI document: a field that pages read and the server does not have is an error of `npm run check`.

import type * as Server from "./schema";
import type * as Page from "./shapes";

type Foreign<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs>;
type None<Keys extends never> = Keys;

export type Agreement = [
  None<Foreign<Page.User, Server.User>>,
  None<Foreign<Page.Session, Server.Session>>,
  None<Foreign<NonNullable<Page.Session["user"]>, Server.User>>,
  None<Foreign<Page.Going, Server.Going>>,
  None<Foreign<Page.Study, Server.StudyDetail>>,
  None<Foreign<Page.Parameter, Server.Parameter>>,
  None<Foreign<Page.Output, Server.Output>>,
  None<Foreign<Page.Application, Server.Application>>,
  None<Foreign<Page.Estimate, Server.Estimate>>,
  None<Foreign<Page.Site, Server.Site>>,
  None<Foreign<Page.Worker, Server.Worker>>,
  None<Foreign<Page.Pool, Server.Pool>>,
  None<Foreign<Page.Quota, Server.Quota>>,
  None<Foreign<Page.Project, Server.Project>>,
  None<Foreign<Page.Member, Server.Member>>,
  None<Foreign<Page.Secret, Server.Secret>>,
  None<Foreign<Page.ApiToken, Server.MadeToken>>,
  None<Foreign<Page.AuditEntry, Server.Entry>>,
  None<Foreign<Page.Roles, Server.Roles>>,
  None<Foreign<Page.Welcome, Server.Purposed>>,
];
