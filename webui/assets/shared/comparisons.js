// What comparisons of a condition's row ask for, the same in the panel and on cards; the server has the list (conditions.py).

export const WITHOUT_VALUE = ['filled', 'empty'], SEVERAL = ['in', 'not-in'], COMMA = /[,，、]/;

// of what the value is one: a department or a role
export function membership(operator) {
  return /in-department|has-role/.exec(operator)?.[0];
}
