"""What was measured, in words."""

SUSPICIOUS = 0.05  # share of samples near to training images from which on a reader will think of copies


def summary_lines(result):
    """Lines of text, one a metric, for what `measure_conditional` or `measure_unlabelled` returned.

    Of numbers that do not have these metrics, only what they were measured on.
    """
    lines = [f"measured on {result['samples']:,} samples of {result['dataset']} (seed {result['seed']})"]
    if "label_accuracy" in result:
        lines.insert(0, _label_accuracy(result))
    if "frechet_distance" in result:
        lines += _in_features(result)
    if "diversity" not in result:
        return lines
    lines.append(_diversity(result))
    return [*lines, *_memorisation(result["memorisation"])]


def _label_accuracy(result):
    label, real = result["label_accuracy"], result["classifier_accuracy_on_real"]
    return (
        f"label accuracy       {label['value']:.1%} (95 %: {label['low']:.1%} to {label['high']:.1%}; "
        f"the classifier on real test images: {real:.1%})"
    )


def _diversity(result):
    diversity = result["diversity"]
    if "mean_ratio" in diversity:
        means = diversity["mean_ratio"], diversity["mean_pixel_ratio"]
        return "diversity in a class {:.2f} of the real images' in features, {:.2f} in pixels".format(*means)
    where = "features" if "frechet_distance" in result else "pixels"
    return f"diversity            {diversity['ratio']:.2f} of the real images' in {where}"


def _memorisation(copies):
    line = (
        f"memorisation         {copies['share_nearer']:.1%} nearer to a training image than 99 % of test images are "
        f"(copies: 100 %, real: 1 %); median {copies['median']:.1f}, test images {copies['median_test']:.1f}"
    )
    if copies["share_nearer"] < SUSPICIOUS or copies["median"] == 0:
        return [line]
    return [line, " " * 21 + "(copies have a median near 0; blurred or empty images, too, are near to everything)"]


def _in_features(result):
    frechet, kernel, score = (result[key] for key in ("frechet_distance", "kernel_distance", "inception_score"))
    return [
        f"Fréchet distance     {frechet['value']:.3f} ± {frechet['standard_error']:.3f} in the classifier's features"
        f"{_beside(frechet['floor'], '.3f')}",
        f"kernel distance      {kernel['value']:.2e} ± {kernel['standard_error']:.1e}{_beside(kernel['floor'], '.1e')}",
        f"inception score      {score['value']:.2f} ± {score['std']:.2f} (real test images: {score['real']:.2f})",
        f"precision, recall    {result['precision']:.3f}, {result['recall']:.3f}",
    ]


def _beside(floor, pattern):
    """What real training images score, if there were enough of them to tell."""
    return "" if floor is None else f" (real training images: {floor:{pattern}})"
