"""What happens around a step: scores, exact resume, averages, pictures."""
