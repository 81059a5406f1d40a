"""What every report shares: page model, words and numbers, inputs, rendering; nothing of a single stage."""
