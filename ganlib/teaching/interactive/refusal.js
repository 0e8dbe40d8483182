// What a page cannot train, as a sentence that says what to do instead; null where it can train the recipe. Python has
// checked a recipe that it gave, which one from a link was not.
function refusal(recipe) {
  const said = (value) => (value === undefined ? "none" : JSON.stringify(value));
  const oneOf = (where, field, ...choices) => {
    if (choices.includes(where[field])) return null;
    const known = choices.map(said).join(", ");
    return `The page cannot train with ${field} ${said(where[field])}. It knows ${known}: choose from these, or train in Python.`;
  };
  const number = (where, field, fits, expected) =>
    Number.isFinite(where?.[field]) && fits(where[field]) ? null : `${field} must be ${expected}, not ${said(where?.[field])}.`;
  const whole = (field, low, high) =>
    number(recipe, field, (x) => Number.isInteger(x) && x >= low && x <= high, `a whole number from ${low} to ${high}`);
  const share = (where, field, low) => number(where, field, (x) => x > low && x < 1, `above ${low} and below 1`);
  const positive = (where, field) => number(where, field, (x) => x >= 0, "a number of 0 or more");
  const optimiser = (own) =>
    oneOf(own ?? {}, "rule", "adam", "sgd") ??
    oneOf(own, "epsilon_placement", "before", "after") ??
    first(["rate", "rate_end", "rate_power", "epsilon", "l1", "l2"], (field) => positive(own, field)) ??
    share(own, "beta1", -1) ??
    (own.beta2 === 0 ? null : share(own, "beta2", 0));
  const first = (fields, check) => fields.map(check).find(Boolean) ?? null;

  if (!Array.isArray(recipe.shape) || recipe.shape.length !== 1)
    return `The page trains points, such as shape [2], and not ${said(recipe.shape)}. Train images in Python.`;
  return (
    oneOf(recipe, "generator", "dense") ??
    oneOf(recipe, "discriminator", "dense") ??
    oneOf(recipe, "generator_norm", "none") ??
    oneOf(recipe, "discriminator_norm", "none") ??
    oneOf(recipe, "discriminator_dropout", 0) ??
    oneOf(recipe, "generator_output", "linear", "tanh", "sigmoid") ??
    oneOf(recipe, "weight_init", "normal", "glorot_uniform", "kaiming_uniform") ??
    oneOf(recipe, "loss", ...Object.keys(LOSSES)) ??
    oneOf(recipe, "penalty", "none", "r1", "r2", "r1+r2") ??
    oneOf(recipe, "update", "alternating", "simultaneous", "extragradient") ??
    oneOf(recipe, "discriminator_steps", ...(recipe.update === "alternating" ? [recipe.discriminator_steps] : [1])) ??
    first(["latent", "width", "depth"], (field) => whole(field, 1, field === "depth" ? 20 : 1024)) ??
    first(["pack", "discriminator_steps", "batch_size"], (field) => whole(field, 1, 4096)) ??
    first(["steps", "penalty_every"], (field) => whole(field, 1, 2 ** 53)) ??
    first(["generator_octaves", "discriminator_octaves"], (field) => whole(field, 0, 16)) ??
    first(["penalty_weight", "penalty_end", "instance_noise", "instance_noise_steps"], (field) => positive(recipe, field)) ??
    first(["weight_std", "real_label", "generator_slope", "discriminator_slope"], (field) => positive(recipe, field)) ??
    (recipe.moving_average === 0 ? null : share(recipe, "moving_average", 0)) ??
    (recipe.batch_size % recipe.pack ? `batch_size ${recipe.batch_size} is no multiple of pack ${recipe.pack}. Change one.` : null) ??
    optimiser(recipe.generator_optimiser) ??
    optimiser(recipe.discriminator_optimiser)
  );
}
