// The checks of HumanEval+ (Liu et al. 2023, arXiv 2305.01210) as EvalPlus's file has them: inputs, and a canonical solution that
// tells what is right for each.

/** Of the program's own time: hundreds of inputs, and for each of them the canonical solution too. */
export const plusSeconds = 10;

/** What is executed behind the function. `row` is the item's line of the file, which Python reads itself: a number's type and
 *  digits matter (1.0 is not 1), and JavaScript would lose them. Exceptions of the comparison are those of EvalPlus: floats
 *  are compared with 1e-6 and rtol 1e-7 where no tolerance is given, values of one type only, and a polynomial's zero (HumanEval/32) is one by its value. */
export function plusChecks(row: string): string {
  return `
def _check_plus(_row):
    import copy, json, math
    item = json.loads(_row)
    name = item["entry_point"]
    right = {}
    exec(item["prompt"] + item["canonical_solution"], right)
    reference, candidate = right[name], globals()[name]

    def is_floats(value):
        if isinstance(value, (list, tuple)):
            return len(value) > 0 and all(isinstance(one, float) for one in value)
        return isinstance(value, float)

    def is_close(found, wanted, tolerance):
        if isinstance(wanted, (list, tuple)):
            same_size = isinstance(found, (list, tuple)) and len(found) == len(wanted)
            return same_size and all(is_close(a, b, tolerance) for a, b in zip(found, wanted))
        if isinstance(wanted, (int, float)) and isinstance(found, (int, float)):
            if math.isinf(wanted) or math.isnan(wanted):
                return found == wanted or (math.isnan(found) and math.isnan(wanted))
            return abs(found - wanted) <= tolerance + 1e-7 * abs(wanted)
        return found == wanted

    for given in item["base_input"] + item["plus_input"]:
        wanted = reference(*copy.deepcopy(given))
        found = candidate(*copy.deepcopy(given))
        if name == "find_zero":
            value = sum(coefficient * found**i for i, coefficient in enumerate(given[0]))
            assert abs(value) <= item["atol"], "%r is no zero of %r" % (found, given)
        elif found != wanted:
            tolerance = item["atol"] or (1e-6 if is_floats(wanted) else 0)
            is_alike = type(found) is type(wanted) and is_close(found, wanted, tolerance)
            assert tolerance and is_alike, "%r gives %r, not %r" % (given, found, wanted)

_check_plus(${JSON.stringify(row)})`;
}
