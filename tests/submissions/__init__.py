"""A class of broken, careless and hostile submissions, each with the score that it deserves."""
