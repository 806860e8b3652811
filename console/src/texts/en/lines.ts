/** Pieces of lines for a terminal, which are the same in every language. */

export const AUTH = '-H "Authorization: $MUSTER_TOKEN"';
export const JSON_BODY = "-H 'Content-Type: application/json'";

/** A call of the command line for a service and a datamart. */
export const cli = (command: string, origin: string, dm: string) =>
  `MUSTER_URL=${origin} muster ${command}${dm === '1' ? '' : ` --datamart ${dm}`}`;

/** A line of a file. */
export const command = (fields: object) =>
  JSON.stringify({ operation: 'UPDATE', user_account_id: '1', ...fields, expiration_duration: 43_200 });
