"""Charts: `model` says what is drawn, `palette` and `sizes` how it looks; `still` and `live` draw it."""
