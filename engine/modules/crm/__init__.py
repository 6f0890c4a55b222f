"""Customers and what is agreed with them: parties, opportunities, orders, deliveries, surveys, their profile."""
