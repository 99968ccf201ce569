"""Where measurements come from: one package per source, each turning its own shapes into `measurement.model`."""
